"""Fifty conditions by Fengkong's register machine.

`way` says what is timed: `mapping`, from the same mapping that the peers get (fields picked out,
words hashed, with the hashes of recent words remembered); `cells`, from a row of cells as the
engine holds it; `columns`, all rows at once in columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from struct import Struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.forty_fields import COUNTS, FIELDS, NUMBERS, TRUTHS, WORDS, conditions
from benchmarks.workers.conditions import seconds_each, take_part
from benchmarks.workers.conversation import arguments, serve
from fengkong.rules.expressions import parse_condition
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListState
from fengkong.rules.probes import text_cell
from fengkong.rules.program import Program, compile_program
from fengkong.rules.scope import Scope

_KINDS: Final = {
    **dict.fromkeys((*NUMBERS, *COUNTS), Kind.NUMBER),
    **dict.fromkeys(WORDS, Kind.TEXT),
    **dict.fromkeys(TRUTHS, Kind.BOOLEAN),
}
_FRAME: Final = (*NUMBERS, *COUNTS, *TRUTHS, *WORDS)
_WORDS_REMEMBERED: Final = 65_536
_AT: Final = 1_780_000_000_000_000
_NO_LISTS: Final = ListState([])


def program_of(sources: list[str]) -> Program:
    """The conditions compiled."""
    scope = Scope(names=_KINDS)
    named = [(f"r{i}", parse_condition(source, scope=scope)) for i, source in enumerate(sources)]
    return compile_program(named, frame=_FRAME)


def from_mapping(sources: list[str]) -> Callable[[Any], NDArray[np.float64]]:
    """A function of a mapping of forty fields."""
    program = program_of(sources)
    plain = itemgetter(*(name for name in _FRAME if name not in WORDS))
    words = itemgetter(*WORDS)
    row = program.new_row()
    # A third of the time of a numpy assignment from Python values.
    pack, cells = Struct(f"{len(_FRAME)}d").pack_into, memoryview(row.data).cast("B")
    hashed = lru_cache(_WORDS_REMEMBERED)(text_cell)
    fill, run = program.fill_row, program.run_row

    def judge(values: Any) -> NDArray[np.float64]:
        texts = words(values)
        pack(cells, 0, *plain(values), *map(hashed, texts))
        if program.probes:
            fill(row, texts=dict(zip(WORDS, texts, strict=True)), occurred_at=_AT, lists=_NO_LISTS)
        return run(row)

    return judge


def cells_of(program: Program, rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Rows laid out as the engine holds them."""
    assert set(_FRAME) == set(FIELDS), "the words stand last here"
    matrix = np.full((len(rows), program.width), np.nan)
    hashed = lru_cache(_WORDS_REMEMBERED)(text_cell)
    for number, values in enumerate(rows):
        matrix[number, : len(_FRAME)] = [
            hashed(values[name]) if name in WORDS else values[name] for name in _FRAME
        ]
    return matrix


def main() -> None:
    """Take part in the way that was asked for."""
    facts = arguments()
    if facts["way"] == "mapping":
        take_part(package="fengkong", judge_of=from_mapping)
        return
    rows = json.loads(Path(facts["rows"]).read_text(encoding="utf-8"))
    program = program_of(conditions())
    matrix = cells_of(program, rows)
    out = np.empty((len(rows), len(program.names)))
    separate = list(matrix)
    if facts["way"] == "cells":

        def work() -> NDArray[np.float64]:
            return np.array([program.run_row(row) for row in separate])
    else:

        def work() -> NDArray[np.float64]:
            program.run_columns(matrix, out)
            return out

    def one_by_one() -> None:
        for row in separate:
            program.run_row(row)

    timed = one_by_one if facts["way"] == "cells" else work
    serve(package="fengkong", work=work, clock=lambda _work: seconds_each(timed, count=len(rows)))


if __name__ == "__main__":
    main()
