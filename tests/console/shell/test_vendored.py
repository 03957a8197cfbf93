"""What is vendored is what the manifest says, is licensed, and asks nothing of other origins."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
VENDOR = ROOT / "src/fengkong/console/shell/static/vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
FILES = {one["file"]: one for one in MANIFEST["files"]}
LICENCES = {"MIT", "0BSD", "Apache-2.0", "BSD-3-Clause"}
# Addresses that are names (XML namespaces), or that only comments and messages tell people.
NAMES = re.compile(
    r"https?://(www\.w3\.org/(2000/svg|1999/xlink|1999/xhtml|1998/Math/MathML|XML/1998/namespace)"
    r"|github\.com/tabler/tabler/blob/master/LICENSE|tabler\.io|popper\.js\.org/docs/v2/"
    r"|www\.apache\.org/licenses/LICENSE-2\.0)"
)
ELSEWHERE = re.compile(r"(?<![\w:])(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
STATIC = [
    path
    for path in sorted((ROOT / "src/fengkong/console").glob("*/static/**/*"))
    if path.suffix in {".js", ".css", ".svg"}
]


def test_files_are_those_of_the_manifest() -> None:
    found = {path.name for path in VENDOR.iterdir()} - {"manifest.json", "licences.txt"}
    assert found == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_bytes_are_those_of_the_manifest(name: str) -> None:
    content = (VENDOR / name).read_bytes()
    assert len(content) == FILES[name]["bytes"]
    assert hashlib.sha256(content).hexdigest() == FILES[name]["sha256"]


def test_every_package_is_licensed_and_named() -> None:
    texts = (VENDOR / "licences.txt").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for one in FILES.values():
        for package in one["packages"]:
            assert package["licence"] in LICENCES, package
            assert package["version"], package
            assert package["source"].startswith("https://"), package
            assert f"{package['name']} {package['version']} ({package['licence']})" in texts
            assert package["licence"] in notice


def test_the_locked_packages_are_those_vendored() -> None:
    locked = json.loads((ROOT / "tools/assets/package-lock.json").read_text(encoding="utf-8"))
    versions = {
        path.removeprefix("node_modules/"): entry["version"]
        for path, entry in locked["packages"].items()
        if path
    }
    for one in FILES.values():
        for package in one["packages"]:
            assert versions[package["name"]] == package["version"]


def test_htmx_is_of_the_second_line() -> None:
    assert FILES["htmx.min.js"]["packages"][0]["version"].startswith("2.0.")


@pytest.mark.parametrize("path", STATIC, ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    text = NAMES.sub("", path.read_text(encoding="utf-8"))
    assert ELSEWHERE.findall(text) == []
    assert "sourceMappingURL" not in text


def test_the_first_page_is_small() -> None:
    """Everything a page with a chart loads, as it is sent: under half of what is allowed."""
    own = ROOT / "src/fengkong/console/shell/static/shell"
    files = [VENDOR / n for n in ("tabler.min.css", "htmx.min.js", "charts.min.js", "icons.svg")]
    sent = sum(len(gzip.compress(p.read_bytes(), 9)) for p in [*files, *own.iterdir()])
    assert sent < 400_000
