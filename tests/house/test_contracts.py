"""The import contracts hold the order of the rooms, and they fail when it is broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

LAYERS = "A room imports only rooms below it"
KERNEL = "The window kernel belongs to the features room"
LINKS = "The link kernel belongs to the links room"
SIMULATION = "The simulated platform knows nothing of who judges it"
PURE = "Pure rooms have no clock, no dice, no sockets, no Django"

PLANTED = [
    pytest.param("core", "import fengkong.decisions", LAYERS, id="core-imports-decisions"),
    pytest.param("events", "from fengkong import cli", LAYERS, id="events-imports-cli"),
    pytest.param("features", "from fengkong.rules import planted", LAYERS, id="features-rules"),
    pytest.param("service", "import fengkong.console", LAYERS, id="service-imports-console"),
    pytest.param("gossip", "import json", LAYERS, id="a-room-that-is-not-listed"),
    pytest.param("rules", "import fengkong.features.kernel", KERNEL, id="rules-takes-the-kernel"),
    pytest.param("rules", "import fengkong.links.kernel", LINKS, id="rules-takes-the-link-kernel"),
    pytest.param("simulation", "import fengkong.rules.planted", SIMULATION, id="simulation-rules"),
    pytest.param("features", "import time", PURE, id="features-reads-the-clock"),
    pytest.param("decisions", "from random import random", PURE, id="decisions-throws-dice"),
    pytest.param("core", "def f():\n    import socket", PURE, id="core-hides-a-socket"),
    pytest.param("events", "import django.db", PURE, id="events-knows-django"),
]


@pytest.fixture(scope="module")
def source_copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's modules in a folder of their own, with every room used by the plants."""
    folder = tmp_path_factory.mktemp("contracts")
    package = folder / "fengkong"
    ignored = shutil.ignore_patterns("__pycache__", "packs")
    shutil.copytree(root / "src" / "fengkong", package, ignore=ignored)
    for room in ("core", "events", "rules", "features", "decisions", "simulation", "cli"):
        (package / room).mkdir(exist_ok=True)
        (package / room / "__init__.py").touch()
        (package / room / "planted.py").touch()
    (package / "features" / "kernel.py").touch()
    shutil.copy(root / "pyproject.toml", folder)
    return folder


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The verdict of import-linter on the package in a folder, not on the installed one."""
    code = "from importlinter.cli import lint_imports_command as main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo", "--config", "pyproject.toml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def broken(verdict: subprocess.CompletedProcess[str]) -> set[str]:
    """The names of the contracts that a verdict calls broken."""
    lines = verdict.stdout.splitlines()
    return {line.removesuffix(" BROKEN") for line in lines if line.endswith(" BROKEN")}


def test_contracts_are_kept(source_copy: Path) -> None:
    verdict = lint_imports(source_copy)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert "6 kept, 0 broken" in verdict.stdout


@pytest.mark.parametrize(("room", "source", "contract"), PLANTED)
def test_planted_violation_breaks_its_contract(
    source_copy: Path, room: str, source: str, contract: str
) -> None:
    folder = source_copy / "fengkong" / room
    created = not folder.exists()
    folder.mkdir(exist_ok=True)
    if created:
        (folder / "__init__.py").touch()
    plant = folder / "violation.py"
    plant.write_text(source + "\n")
    other = source_copy / "fengkong" / "console"
    if room == "service":
        other.mkdir(exist_ok=True)
        (other / "__init__.py").touch()
    try:
        verdict = lint_imports(source_copy)
    finally:
        plant.unlink()
        if created:
            shutil.rmtree(folder)
    assert verdict.returncode != 0, verdict.stdout
    assert contract in broken(verdict), verdict.stdout + verdict.stderr


def test_every_room_is_listed(root: Path) -> None:
    """Each folder of the package has its place in the order (packs holds no code)."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    listed = {room.strip(" ()") for layer in layers for room in layer.split("|")}
    folders = {
        path.name
        for path in (root / "src" / "fengkong").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert folders - {"packs"} <= listed
    assert listed == {
        *("cli", "worker", "console", "service", "journal", "simulation", "ledger", "indicators"),
        *("markets", "credit", "evaluation", "decisions", "screening", "scoring", "rules"),
        *("links", "features", "events", "core", "protection", "client", "response"),
    }
