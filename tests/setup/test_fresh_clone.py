"""The two commands of the README on a fresh clone, with the real tools and the real network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.nightly
def test_a_fresh_clone_sets_itself_up_with_pip_alone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    environment = os.environ | {"PATH": f"{base.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    command = [str(base), str(clone / "run.py"), "setup"]

    first = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert first.returncode == 0, first.stderr
    marker = json.loads((clone / ".venv" / "fengkong-setup.json").read_text())
    assert marker["state"] == "ready"
    assert set(marker["installed"]) == {"runtime"}

    second = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "Installing" not in second.stderr

    own = clone / ".venv" / "bin" / "python"
    code = "import fengkong, numba, polars, msgspec, re2; print(fengkong.__file__)"
    imported = subprocess.run(
        [str(own), "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert imported.stdout.startswith(str(clone))
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""
