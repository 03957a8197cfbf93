"""Pages whose commands are run: the tutorial and the how-to guides.

Blocks of a page that mean something here, by the words after the fence:

- ``console``: lines that begin with ``$ `` are run, what follows is their output. A line ``...``
  stands for any lines. A command that ends with ``&`` goes on in the background; the next one is
  run when it has said where it listens.
- ``yaml save=NAME`` is a file, ``yaml append=NAME`` goes to its end, ``diff edit=NAME`` replaces
  the lines with ``-`` by those with ``+``.
- ``text demo`` is how the demonstration begins, up to its examples; too slow for every test run.

``python tools/pages.py PAGE...`` runs pages and writes the outputs that came into them.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fengkong.cli import main, screen
from fengkong.cli.language import texts

ROOT: Final = Path(__file__).resolve().parent.parent
WIDTH: Final = 100
"""Columns of the terminal that the pages show."""
ANYTHING: Final = "..."
PORT: Final = "8700"
"""The port that pages show."""
_READY: Final = "fengkong key create"
_DONE: Final = "__the_command_ended__"
_NEEDS_SHELL: Final = frozenset({"&", "|", ">", "2>"})
_FENCE: Final = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_UNSTABLE: Final = (
    (re.compile(r"\b[0-9a-f]{12}\b"), "HASH"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "ID"),
    (re.compile(r"[0-9.]+ s \([0-9,]+ a second\)"), "TIME"),
    (re.compile(r"用时 [0-9.]+ 秒（每秒 [0-9,]+ 个）"), "TIME"),
)


class PageError(Exception):
    """A page does not say what happens."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the words after the fence, and where its body is in the page."""

    language: str
    options: dict[str, str]
    body: str
    start: int
    end: int


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page in their order."""
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        options = {}
        for word in words:
            key, _, value = word.partition("=")
            options[key] = value
        found.append(
            Block(language, options, match["body"], match.start("body"), match.end("body"))
        )
    return found


def commands(body: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that the page shows."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            raise PageError(f"output before any command: {line}")
    return [(command, "\n".join(output).strip("\n")) for command, output in found]


def same(shown: str, came: str) -> bool:
    """Whether a page shows what came; spaces, times and hashes may differ."""
    pattern = r"\n".join(
        r"(?:.*\n)*?.*" if line == ANYTHING else re.escape(line) for line in _stable(shown)
    )
    return re.fullmatch(pattern, "\n".join(_stable(came))) is not None


def _stable(text: str) -> list[str]:
    for pattern, word in _UNSTABLE:
        text = pattern.sub(word, text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line]


class Shell:
    """One shell for all commands of a page, so that variables and background work stay."""

    def __init__(self, *, directory: Path, language: str) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._process = subprocess.Popen(
            ["bash"],  # noqa: S607
            cwd=directory,
            env={
                **os.environ,
                "PATH": path,
                "FENGKONG_LANGUAGE": language,
                "COLUMNS": str(WIDTH),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        """What a command prints; a service in the background is waited for until it listens."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None, "opened as a pipe"
        assert told is not None, "opened as a pipe"
        if command.endswith("&"):
            asked.write(f"{command}\n")
            return "" if ">" in command else self._until(lambda line: _READY in line)
        asked.write(f"{command}\necho {_DONE}\n")
        return self._until(lambda line: line.endswith(f"{_DONE}\n")).removesuffix(f"{_DONE}\n")

    def _until(self, last: Callable[[str], bool]) -> str:
        told = self._process.stdout
        assert told is not None, "opened as a pipe"
        lines: list[str] = []
        for line in told:
            lines.append(line)
            if last(line):
                return "".join(lines)
        raise PageError("the shell ended:\n" + "".join(lines))

    def close(self) -> None:
        """End the shell and everything it left running."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait(timeout=30)


@dataclass(slots=True)
class Terminal:
    """Runs the commands of one page in a directory of its own.

    The port that a page shows is another one here, so that pages may be played side by side.
    """

    directory: Path
    language: str
    _shell: Shell | None = None
    _port: str = field(default_factory=lambda: str(_free_port()))

    def run(self, command: str) -> str:
        """What a command prints."""
        words = shlex.split(command)
        if words[0] == "fengkong" and not _NEEDS_SHELL & set(words) and PORT not in command:
            return self._fengkong(words)
        if self._shell is None:
            self._shell = Shell(directory=self.directory, language=self.language)
        return self._shell.run(command.replace(PORT, self._port)).replace(self._port, PORT)

    def close(self) -> None:
        """End what the page left running."""
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def _fengkong(self, words: list[str]) -> str:
        printed = io.StringIO()
        with (
            contextlib.chdir(self.directory),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            _settings(arguments=words, language=self.language),
            contextlib.suppress(SystemExit),
        ):
            main.main()
        return printed.getvalue()

    def write(self, block: Block) -> None:
        """Make or change the file that a block describes."""
        if "save" in block.options:
            path = self.directory / block.options["save"]
            path.write_text(block.body.replace(PORT, self._port), encoding="utf-8")
        elif "append" in block.options:
            path = self.directory / block.options["append"]
            path.write_text(path.read_text(encoding="utf-8") + block.body, encoding="utf-8")
        elif "edit" in block.options:
            path = self.directory / block.options["edit"]
            path.write_text(_edited(path.read_text(encoding="utf-8"), block.body), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextlib.contextmanager
def _settings(*, arguments: list[str], language: str) -> Iterator[None]:
    """The command line, the language and the width that a command sees."""
    consoles = (screen.OUTPUT, screen.ERRORS)
    before = sys.argv, os.environ.get("FENGKONG_LANGUAGE"), [console.width for console in consoles]
    sys.argv = arguments
    os.environ["FENGKONG_LANGUAGE"] = language
    for console in consoles:
        console.width = WIDTH
    try:
        yield
    finally:
        sys.argv = before[0]
        if before[1] is None:
            del os.environ["FENGKONG_LANGUAGE"]
        else:
            os.environ["FENGKONG_LANGUAGE"] = before[1]
        for console, width in zip(consoles, before[2], strict=True):
            console.width = width


def _edited(text: str, change: str) -> str:
    old = "".join(line[1:] + "\n" for line in change.splitlines() if line.startswith("-"))
    new = "".join(line[1:] + "\n" for line in change.splitlines() if line.startswith("+"))
    if text.count(old) != 1:
        raise PageError(f"these lines are not there exactly once:\n{old}")
    return text.replace(old, new)


def played(page: Path, *, terminal: Terminal) -> Iterator[tuple[Block, str, str, str]]:
    """Follow a page as a reader does: block, command, output shown and output that came."""
    with contextlib.closing(terminal):
        for block in blocks(page.read_text(encoding="utf-8")):
            terminal.write(block)
            if block.language == "console":
                for command, shown in commands(block.body):
                    yield block, command, shown, terminal.run(command)


def demonstration(terminal: Terminal) -> str:
    """What the demonstration shows before its examples."""
    heading = texts()["demo.examples"].of("zh" if terminal.language == "zh" else "en")
    return _trimmed(terminal.run("fengkong demo --once").split(heading, maxsplit=1)[0])


def language_of(page: Path) -> str:
    """zh for a page that ends in .zh.md."""
    return "zh" if page.name.endswith(".zh.md") else "en"


def refreshed(page: Path) -> str:
    """A page with the outputs that came; outputs that leave something out stay as they are."""
    text = page.read_text(encoding="utf-8")
    outputs: dict[int, list[str]] = {}
    with tempfile.TemporaryDirectory() as place:
        terminal = Terminal(directory=Path(place), language=language_of(page))
        for block, command, shown, came in played(page, terminal=terminal):
            keep = same(shown, came) or ANYTHING in shown.splitlines()
            if keep and not same(shown, came):
                print(f"{page}: {command}\n{came}", file=sys.stderr)  # noqa: T201
            output = shown if keep else _trimmed(came)
            outputs.setdefault(block.start, []).append(f"$ {command}\n{output}".rstrip("\n"))
        for block in blocks(text):
            if "demo" in block.options:
                outputs[block.start] = [demonstration(terminal)]
    for block in reversed(blocks(text)):
        if block.start in outputs:
            body = "\n".join(outputs[block.start]) + "\n"
            text = text[: block.start] + body + text[block.end :]
    return text


def _trimmed(output: str) -> str:
    return "\n".join(line.rstrip() for line in output.splitlines()).strip("\n")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        target = Path(name)
        target.write_text(refreshed(target), encoding="utf-8")
