"""The repository works anywhere: no path of one machine, no package index, locks that agree."""

import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

GROUPS = ("runtime", "develop", "bench")
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:work|home|root|Users)/[\w.-]+")
# Spelt with a break, so that this file does not find itself.
INDEX_HOST = re.compile(r"py[p]i\.(?:org|tuna)|python[h]osted\.org|registry\.np[m]js|/simpl[e]/?\b")
INDEX_OPTION = re.compile(r"^\s*(?:--(?:extra-)?index-url|-i|--find-links|-f)\b", re.MULTILINE)
PINNED = re.compile(
    r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)\s*(?:;\s*([^\\\n]+?))?\s*\\?$", re.MULTILINE
)
# Packages whose metadata names no licence; read by hand: MIT.
# Read in their packages: both are under the MIT licence.
LICENCE_UNSTATED = {"axe-playwright-python", "zen-engine"}


def text_of(path: Path) -> str:
    """A file's text, or nothing when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("pattern", [MACHINE_PATH, INDEX_HOST], ids=["machine-path", "index"])
def test_no_file_belongs_to_one_machine(
    tracked_files: list[Path], root: Path, pattern: re.Pattern[str]
) -> None:
    found = [
        f"{path.relative_to(root)}:{number}: {match[0]}"
        for path in tracked_files
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        for match in [pattern.search(line)]
        if match
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATH, "see /ho" + "me/ann/notes"),
        (MACHINE_PATH, 'open("/wo' + 'rk/main/data")'),
        (INDEX_HOST, "https://py" + "pi.org/x"),
        (INDEX_HOST, "https://mirror.invalid/simpl" + "e/"),
    ],
)
def test_planted_machine_paths_are_found(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_urls_are_no_machine_paths() -> None:
    assert not MACHINE_PATH.search("https://example.org/work/main and ./work/main")


def test_no_made_file_is_tracked(root: Path) -> None:
    """Caches and outputs that .gitignore names were not committed all the same."""
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    listing = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert listing.stdout == ""


def pins(root: Path, group: str) -> dict[tuple[str, str], str]:
    """Version by package and environment marker, as one lock file has it."""
    text = (root / "requirements" / f"{group}.txt").read_text(encoding="utf-8")
    return {(name, marker or ""): version for name, version, marker in PINNED.findall(text)}


@pytest.mark.parametrize("group", GROUPS)
def test_lock_file_is_complete(root: Path, group: str) -> None:
    text = (root / "requirements" / f"{group}.txt").read_text(encoding="utf-8")
    assert not INDEX_OPTION.search(text)
    assert "://" not in text
    assert " @ " not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.split("\n", 2)[2])
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert len(blocks) == len(pins(root, group))


@pytest.mark.parametrize("group", GROUPS)
def test_lock_file_holds_what_was_asked_for(root: Path, group: str) -> None:
    asked = {
        re.split(r"[<>=\[;]", line)[0].strip().lower()
        for name in {"runtime", "build", group}
        for line in (root / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    }
    assert asked <= {name for name, _ in pins(root, group)}


def test_lock_files_agree(root: Path) -> None:
    """One environment can hold all groups: no package has two versions."""
    versions: dict[tuple[str, str], set[str]] = {}
    for group in GROUPS:
        for package, version in pins(root, group).items():
            versions.setdefault(package, set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_runtime_is_part_of_the_other_locks(root: Path) -> None:
    """So run.py need not install the runtime again after `develop` or `bench`."""
    runtime = {name for name, _ in pins(root, "runtime")}
    assert runtime <= {name for name, _ in pins(root, "develop")}
    assert runtime <= {name for name, _ in pins(root, "bench")}


LESSER = {"psycopg", "psycopg-binary"}


def licence(name: str) -> str | None:
    """What an installed package says of its licence; None when it is not installed here."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    classifiers = [text for text in about.get_all("Classifier") or [] if "License" in text]
    stated = about.get("License-Expression") or "; ".join(classifiers)
    return stated or (about.get("License") or "").split("\n")[0]


def test_licences_are_permissive(root: Path) -> None:
    names = {name for group in GROUPS for name, _ in pins(root, group)}
    found = {name: stated for name in names if (stated := licence(name)) is not None}
    assert found, "nothing is installed"
    assert {name for name, stated in found.items() if not stated} <= LICENCE_UNSTATED
    # A library under the LGPL may be used, not changed, by a product under any licence.
    found = {name: stated for name, stated in found.items() if name not in LESSER}
    assert {name: stated for name, stated in found.items() if "GPL" in stated} == {}
    assert {name: stated for name, stated in found.items() if "GNU" in stated} == {}
