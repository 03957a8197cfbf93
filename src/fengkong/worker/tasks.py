"""What the worker does: keep states in step, write snapshots, explain decisions."""

from __future__ import annotations

import os
from typing import Any, Final

import msgspec

from fengkong.core.errors import FaultsError, RiskError
from fengkong.decisions.examples import check_examples
from fengkong.journal.errors import UpkeepInUseError
from fengkong.service.lookups import FoundEntries, checked_value, look_up, look_up_as_it_is
from fengkong.service.opening import OpenJournal, upkeep
from fengkong.service.settings import Settings
from fengkong.service.states.explaining import explained
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import fold, restored

INDEXED_MAX: Final = 20_000
"""Entries that one look-up indexes at most: some seconds. Who asks again gets further."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the service; `do` is check, snapshot, explain, forget or
    find.
    """

    number: int
    do: str
    texts: tuple[str, ...] = ()
    sequence: int = 0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: `value` on success, else the error."""

    number: int
    value: Any = None
    code: str | None = None
    message: str = ""
    faults: tuple[dict[str, Any], ...] = ()


class Tasks:
    """Does tasks one after the other; keeps its lanes between snapshots, so a next one is cheap."""

    def __init__(self, opened: OpenJournal, *, settings: Settings) -> None:
        self._opened = opened
        self._opened_with = settings
        self._lanes: dict[str, tuple[Lane, int]] = {}

    def do(self, task: Task) -> Any:
        """The value of a task; raises RiskErrors."""
        if task.do == "check":
            return self._check(task.texts[0])
        if task.do == "snapshot":
            return self._snapshot(task.texts, upto=task.sequence)
        if task.do == "explain":
            opened = self._opened
            return explained(task.sequence, history=opened.history, snapshots=opened.snapshots)
        if task.do == "find":
            return self._find(task.texts[0])
        assert task.do == "forget", "the service asks for what there is"
        self._opened.snapshots.forget_before(task.sequence)
        return None

    def _find(self, written: str) -> FoundEntries:
        """The entries that hold a value, with the index brought somewhat further.

        While a backup or another piece of upkeep goes on, by the index as it is.
        """
        value = checked_value(written)
        try:
            with upkeep(self._opened_with, environment=os.environ) as kept:
                return look_up(kept, value, index_at_most=INDEXED_MAX)
        except UpkeepInUseError:
            return look_up_as_it_is(self._opened.history, value)

    def _check(self, text: str) -> str:
        """A policy's hash, once its examples came out as they say."""
        lane = Lane.begin(text)
        faults = check_examples(lane.policy)
        if faults:
            raise FaultsError(faults)
        return lane.policy.hash

    def _snapshot(self, texts: tuple[str, ...], *, upto: int) -> int:
        """Write a snapshot of each policy at a position."""
        opened = self._opened
        entry = opened.reading.entry(upto)
        lanes: dict[str, tuple[Lane, int]] = {}
        for text in texts:
            lane, position = self._lanes.get(text, (None, 0))
            if lane is None or position > upto:
                lane = restored(text, history=opened.history, snapshots=opened.snapshots, upto=upto)
            else:
                fold(lane, history=opened.history, after=position, upto=upto)
            lanes[text] = (lane, upto)
            opened.snapshots.write(lane, sequence=upto, leaf=b"" if entry is None else entry.leaf)
        self._lanes = lanes
        return upto


def result_of(task: Task, *, tasks: Tasks) -> Result:
    """The answer to a task, whatever becomes of it."""
    try:
        return Result(number=task.number, value=tasks.do(task))
    except RiskError as error:
        faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
        return Result(
            number=task.number,
            code=error.code,
            message=error.message,
            faults=tuple(
                {name: getattr(fault, name) for name in ("code", "message", "path", "hint", "line")}
                for fault in faults
            ),
        )
