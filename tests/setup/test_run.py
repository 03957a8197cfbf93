"""run.py on a machine that lacks something: one line says what, and how to go on."""

import ast
import errno
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """run.py at home in an empty project, where nothing is installed and nothing is started."""
    spec = importlib.util.spec_from_file_location("run_under_test", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    for group in ("runtime", "develop", "bench"):
        (tmp_path / "requirements" / f"{group}.txt").write_text(f"# {group}\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))  # put back afterwards
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda place: Usage(9e11, 0, 9e11))
    return module


class Tools:
    """Stands in for venv, pip and uv: remembers what was asked, answers what it was told."""

    def __init__(self, run: ModuleType) -> None:
        self.run = run
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, list[str]] | BaseException] = {}

    def capture(
        self, command: list[str], environment: dict[str, str] | None = None
    ) -> tuple[int, list[str]]:
        text = " ".join(command)
        self.asked.append(text)
        for sign, answer in self.answers.items():
            if sign in text:
                if isinstance(answer, BaseException):
                    raise answer
                return answer
        return 0, []

    def count(self, sign: str) -> int:
        """How often something was asked for."""
        return sum(sign in text for text in self.asked)


@pytest.fixture
def tools(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Tools:
    tools = Tools(run)
    monkeypatch.setattr(run, "capture", tools.capture)
    monkeypatch.setattr(run, "become", lambda command, cwd: 0)
    return tools


def marker(run: ModuleType) -> dict[str, object]:
    """What run.py wrote down."""
    noted: dict[str, object] = json.loads(Path(run.marker_path()).read_text())
    return noted


def test_an_old_python_can_read_run_py() -> None:
    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 8))


def test_every_message_is_one_line_in_two_languages(run: ModuleType) -> None:
    for name, texts in run.MESSAGES.items():
        english, chinese = texts
        assert english.isascii(), name
        assert not chinese.isascii(), name
        assert "\n" not in english + chinese, name
    assert {name for name, _ in run.TROUBLES} <= run.MESSAGES.keys()


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 99)])
def test_old_python_is_refused_in_one_line(
    run: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: tuple[int, ...],
) -> None:
    monkeypatch.setattr(run.sys, "version_info", version)
    assert run.main(["test"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "needs Python 3.11 or newer" in line
    assert f"{version[0]}.{version[1]}" in line


def test_the_first_good_python_is_not_refused(run: ModuleType) -> None:
    run.require_python((3, 11, 0))


def test_messages_follow_the_language(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert run.main(["fly"]) == 2
    assert "未知命令" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["fly"], [], ["setup", "--fast"], ["lock", "x"]])
def test_bad_use_exits_2(run: ModuleType, tools: Tools, arguments: list[str]) -> None:
    assert run.main(arguments) == 2
    assert tools.asked == []


def test_help_is_shown(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in run.COMMANDS)


def test_too_little_space_is_refused_before_anything_is_made(
    run: ModuleType,
    tools: Tools,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    needed = run.FREE_MB_NEEDED["runtime"]
    monkeypatch.setattr(run.shutil, "disk_usage", lambda _: Usage(9e11, 0, (needed - 1) * 10**6))
    assert run.main(["setup"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Too little disk space" in line
    assert not Path(run.VENV).exists()


def test_room_for_what_is_missing_is_enough(
    run: ModuleType, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.main(["setup"])
    needed = run.FREE_MB_NEEDED["develop"] - run.FREE_MB_NEEDED["runtime"]
    monkeypatch.setattr(run.shutil, "disk_usage", lambda _: Usage(9e11, 0, needed * 10**6))
    assert run.main(["test"]) == 0
    assert run.main(["setup"]) == 0


def test_just_enough_space_is_enough(
    run: ModuleType, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = run.FREE_MB_NEEDED["runtime"]
    monkeypatch.setattr(run.shutil, "disk_usage", lambda _: Usage(9e11, 0, needed * 10**6))
    assert run.main(["setup"]) == 0


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full"),
        ("error: failed to write: No space left on device (os error 28)", "The disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "hash mismatch"),
        ("Max retries exceeded with url", "No package index could be reached"),
        ("ERROR: No matching distribution found for numba==0.68.1", "no build for this Python"),
        ("ERROR: something new", "The installation failed: ERROR: something new"),
    ],
)
def test_a_failed_installation_is_explained(
    run: ModuleType,
    tools: Tools,
    capsys: pytest.CaptureFixture[str],
    printed: str,
    expected: str,
) -> None:
    tools.answers["pip install"] = (1, ["Collecting numpy", printed])
    assert run.main(["setup"]) == 1
    assert expected in capsys.readouterr().err.splitlines()[-1]
    assert printed in (Path(run.VENV) / "install.log").read_text()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EROFS, "Cannot write to"),
    ],
)
def test_errors_of_the_disk_are_explained(
    run: ModuleType,
    tools: Tools,
    capsys: pytest.CaptureFixture[str],
    number: int,
    expected: str,
) -> None:
    tools.answers["-m venv"] = OSError(number, os.strerror(number))
    assert run.main(["setup"]) == 1
    assert expected in capsys.readouterr().err


def test_a_python_without_venv_is_explained(
    run: ModuleType, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.answers["-m venv"] = (1, ["ensurepip is not available."])
    assert run.main(["setup"]) == 1
    assert "install its venv module" in capsys.readouterr().err
    assert not Path(run.VENV).exists()


def test_set_up_installs_once(run: ModuleType, tools: Tools) -> None:
    assert run.main(["setup"]) == 0
    assert tools.count("-m venv") == 1
    assert tools.count("requirements/runtime.txt") == 1
    assert tools.count("--no-build-isolation --no-index -e") == 1
    assert marker(run)["state"] == "ready"
    assert run.main(["setup"]) == 0
    assert run.main(["demo", "--once"]) == 0
    assert tools.count("pip install") == 2


def test_every_installation_demands_hashes(run: ModuleType, tools: Tools) -> None:
    run.main(["test"])
    locks = [text for text in tools.asked if "requirements/" in text]
    assert locks
    assert all("--require-hashes" in text for text in locks)


def test_a_changed_lock_file_is_installed_again(run: ModuleType, tools: Tools) -> None:
    run.main(["setup"])
    Path(run.ROOT, "requirements", "runtime.txt").write_text("# newer\n")
    run.main(["setup"])
    assert tools.count("requirements/runtime.txt") == 2
    assert tools.count("-m venv") == 1


def test_a_changed_project_file_installs_the_project_alone(run: ModuleType, tools: Tools) -> None:
    run.main(["setup"])
    Path(run.ROOT, "pyproject.toml").write_text("[project]\nname = 'x'\n")
    run.main(["setup"])
    assert tools.count("requirements/runtime.txt") == 1
    assert tools.count(" -e ") == 2


def test_line_ends_do_not_count_as_a_change(run: ModuleType, tools: Tools) -> None:
    run.main(["setup"])
    Path(run.ROOT, "requirements", "runtime.txt").write_bytes(b"# runtime\r\n")
    run.main(["setup"])
    assert tools.count("requirements/runtime.txt") == 1


def test_what_develop_brought_is_enough_for_the_demo(run: ModuleType, tools: Tools) -> None:
    run.main(["test"])
    run.main(["demo"])
    assert tools.count("requirements/runtime.txt") == 0


def test_groups_add_up(run: ModuleType, tools: Tools) -> None:
    run.main(["setup"])
    run.main(["test"])
    assert tools.count("-m venv") == 1
    assert set(marker(run)["installed"]) == {"runtime", "develop"}  # type: ignore[call-overload]


def test_an_interrupted_installation_is_made_anew(run: ModuleType, tools: Tools) -> None:
    tools.answers["requirements/runtime.txt"] = KeyboardInterrupt()
    assert run.main(["setup"]) == 130
    assert marker(run)["state"] == "installing"
    (Path(run.VENV) / "half-written").touch()
    tools.answers.clear()
    assert run.main(["setup"]) == 0
    assert tools.count("-m venv") == 2
    assert not (Path(run.VENV) / "half-written").exists()


def test_an_interrupted_environment_is_made_anew(run: ModuleType, tools: Tools) -> None:
    tools.answers["-m venv"] = KeyboardInterrupt()
    assert run.main(["setup"]) == 130
    tools.answers.clear()
    assert run.main(["setup"]) == 0
    assert tools.count("-m venv") == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"state": "ready"}'])
def test_an_unreadable_marker_means_anew(run: ModuleType, tools: Tools, text: str) -> None:
    run.main(["setup"])
    Path(run.marker_path()).write_text(text)
    run.main(["setup"])
    assert tools.count("-m venv") == 2


def test_an_environment_that_does_not_start_is_made_anew(run: ModuleType, tools: Tools) -> None:
    run.main(["setup"])
    tools.answers["sys.exit"] = FileNotFoundError()
    run.main(["setup"])
    assert tools.count("-m venv") == 2


def test_a_moved_project_is_made_anew(
    run: ModuleType, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scripts of an environment hold its full path."""
    run.main(["setup"])
    shutil.copytree(tmp_path, tmp_path / "moved")
    monkeypatch.setattr(run, "ROOT", str(tmp_path / "moved"))
    monkeypatch.setattr(run, "VENV", str(tmp_path / "moved" / ".venv"))
    run.main(["setup"])
    assert tools.count("-m venv") == 2


def test_an_environment_made_by_hand_is_taken_over(run: ModuleType, tools: Tools) -> None:
    Path(run.VENV).mkdir()
    assert run.main(["setup"]) == 0
    assert tools.count("-m venv") == 0
    assert tools.count("requirements/runtime.txt") == 1


def test_without_network_what_was_there_stays(run: ModuleType, tools: Tools) -> None:
    run.main(["setup"])
    before = marker(run)
    tools.answers["requirements/develop.txt"] = (1, ["Max retries exceeded"])
    assert run.main(["test"]) == 1
    assert marker(run) == before
    assert run.main(["demo"]) == 0


@pytest.fixture
def uv(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(run.shutil, "which", lambda name: "/somewhere/uv")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    return "/somewhere/uv"


def test_uv_is_used_when_it_can_be_had(run: ModuleType, tools: Tools, uv: str) -> None:
    assert run.main(["setup"]) == 0
    assert tools.count(f"{uv} pip install") == 2
    assert tools.count("-m pip install") == 0


def test_pip_takes_over_when_uv_fails(run: ModuleType, tools: Tools, uv: str) -> None:
    tools.answers[f"{uv} pip install"] = (2, ["error: dns error"])
    assert run.main(["setup"]) == 0
    assert tools.count("-m pip install") == 2


def test_uv_makes_the_environment_when_venv_cannot(run: ModuleType, tools: Tools, uv: str) -> None:
    tools.answers["-m venv"] = (1, ["ensurepip is not available."])
    assert run.main(["setup"]) == 0
    assert tools.count(f"{uv} venv") == 1


def test_uv_is_told_of_pips_index(
    run: ModuleType, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.invalid/packages")
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://chosen.invalid/packages")
    assert run.uv_environment()["UV_DEFAULT_INDEX"] == "https://chosen.invalid/packages"
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    assert run.uv_environment()["UV_DEFAULT_INDEX"] == "https://index.invalid/packages"


@pytest.mark.parametrize(
    ("arguments", "ending"),
    [
        (["demo", "--once"], ["demo", "--once"]),
        (["test", "-k", "money"], ["-m", "pytest", "-k", "money"]),
        (["nightly", "-x"], ["-m", "pytest", "-m", "nightly", "-x"]),
        (["bench", "--json", "F"], ["-m", "benchmarks", "--json", "F"]),
    ],
)
def test_arguments_are_passed_on(
    run: ModuleType,
    tools: Tools,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    ending: list[str],
) -> None:
    Path(run.ROOT, "benchmarks").mkdir()
    handed: list[list[str]] = []

    def become(command: list[str], cwd: str) -> int:
        handed.append(command)
        return 7

    monkeypatch.setattr(run, "become", become)
    assert run.main(arguments) == 7
    assert handed[0][1:] == ending
    assert handed[0][0].startswith(run.VENV)


def test_missing_benchmarks_are_named(
    run: ModuleType, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(["bench"]) == 1
    assert "benchmarks/" in capsys.readouterr().err


def test_works_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "run.py"), "fly"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert len(list(tmp_path.iterdir())) == 0


def test_capture_keeps_the_last_lines(run: ModuleType) -> None:
    code, lines = run.capture([sys.executable, "-c", "print(*range(900), sep='\\n'); exit(3)"])
    assert code == 3
    assert lines[-1] == "899"
    assert len(lines) <= run.OUTPUT_LINES_KEPT + 1


def test_two_run_py_wait_for_each_other(run: ModuleType) -> None:
    fcntl: ModuleType = pytest.importorskip("fcntl")
    lock = Path(run.ROOT, ".venv.lock")
    with run.one_at_a_time(), lock.open("w") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
