"""Contestants in processes of their own, with their threads fixed, measured in turns."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.payments import ROOT

_THREAD_VARIABLES: Final = (
    "POLARS_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "ARROW_NUM_THREADS",
)


class ContestantError(Exception):
    """A contestant's process ended or said something that is no reply."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """Who takes part: a module of `benchmarks.workers`, and the module that it needs installed.

    `rounds_max` spares those that take minutes.
    """

    name: str
    worker: str
    needs: str
    threads: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)
    rounds_max: int = 1_000

    @property
    def label(self) -> str:
        """The name with its threads, unique in a comparison."""
        return f"{self.name} ({self.threads} thread{'s' if self.threads > 1 else ''})"

    @property
    def absence(self) -> str | None:
        """Why it cannot take part here, or None."""
        if importlib.util.find_spec(self.needs) is None:
            return f"the package {self.needs} is not installed; `python3 run.py bench` installs it"
        return None


class Process:
    """A contestant at work."""

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        facts = json.dumps({**contestant.facts, "threads": contestant.threads})
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.workers.{contestant.worker}", facts],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=ROOT,
            env=environment(threads=contestant.threads),
        )
        self.about = self._reply()

    def answer(self, file: Path) -> NDArray[Any]:
        """The results, computed once; this also warms caches up."""
        self.ask({"do": "answer", "file": str(file)})
        answer: NDArray[Any] = np.load(file)
        file.unlink()
        return answer

    def round(self) -> dict[str, Any]:
        """One measurement."""
        return self.ask({"do": "round"})

    def ask(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Any request and its reply."""
        assert self._process.stdin is not None, "opened as a pipe"
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return self._reply()

    def close(self) -> None:
        """Let it end."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None, "opened as a pipe"
            pipe.close()
        self._process.wait()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None, "opened as a pipe"
        line = self._process.stdout.readline()
        try:
            reply = json.loads(line)
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            self._process.kill()
            self._process.wait()
            raise ContestantError(f"{self.contestant.label} ended; its last words are above")
        return reply


def environment(*, threads: int) -> dict[str, str]:
    """The environment as it is, with every library told how many threads it has."""
    fixed = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    search = os.pathsep.join(path for path in paths if path)
    return {**os.environ, **fixed, "PYTHONPATH": search, "PYTHONHASHSEED": "0"}


def split_absent(
    contestants: Sequence[Contestant],
) -> tuple[list[Contestant], dict[str, str]]:
    """Those that can take part, and why the others cannot."""
    absent = {each.name: each.absence for each in contestants if each.absence is not None}
    return [each for each in contestants if each.name not in absent], absent


@contextmanager
def running(contestants: Sequence[Contestant]) -> Iterator[list[Process]]:
    """All of them started, in order; they end with the block."""
    with ExitStack() as stack:
        processes = []
        for contestant in contestants:
            process = Process(contestant)
            stack.callback(process.close)
            processes.append(process)
        yield processes


def take_turns(
    processes: Sequence[Process], *, rounds: int, tell: Any
) -> dict[str, list[dict[str, Any]]]:
    """Rounds in which each contestant runs once, by label: a noisy minute strikes all alike."""
    measured: dict[str, list[dict[str, Any]]] = {each.contestant.label: [] for each in processes}
    for number in range(rounds):
        for process in processes:
            if number < process.contestant.rounds_max:
                label = process.contestant.label
                tell(f"round {number + 1} of {rounds}: {label}")
                measured[label].append(process.round())
    return measured
