"""How the values of a policy's names are spread in the newest events: what an editor shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.evaluation.held_history import HeldBatch, HeldHistory
from fengkong.evaluation.report import Report
from fengkong.events.catalogue import Kind as FieldKind
from fengkong.rules.kinds import Kind

EVENTS_MAX: Final = 100_000
"""The newest events that are looked at, at most."""
WORDS_MAX: Final = 8
_SHARES: Final = (0.0, 0.5, 0.9, 0.99, 1.0)


class WordCount(Report, frozen=True, kw_only=True):
    """A word and how many events had it."""

    word: str
    count: int


class Spread(Report, frozen=True, kw_only=True):
    """The values of one name over `events` events; `missing` of them had none.

    Numbers have quantiles (money in major units), truths a share, categories their commonest
    words. Texts that may be personal have none of it.
    """

    name: str
    kind: str
    events: int
    missing: int
    minimum: float | None = None
    median: float | None = None
    quantile_90: float | None = None
    quantile_99: float | None = None
    maximum: float | None = None
    true_share: float | None = None
    words: tuple[WordCount, ...] = ()


def spreads(held: HeldHistory) -> dict[str, Spread]:
    """The spread of every field, window, link and model of the live policy that events have."""
    batches = list(_newest(held))
    if not batches:
        return {}
    found: dict[str, Spread] = {}
    for name, kind in sorted(held.policy.scope.names.items()):
        spread = _spread(name, kind, held=held, batches=batches)
        if spread is not None:
            found[name] = spread
    return found


def _newest(held: HeldHistory) -> Iterator[HeldBatch]:
    left = EVENTS_MAX
    for batch in reversed(held.batches):
        if left <= 0:
            return
        yield batch
        left -= len(batch)


def _spread(name: str, kind: Kind, *, held: HeldHistory, batches: list[HeldBatch]) -> Spread | None:
    field = held.policy.catalogue.fields.get(name)
    if kind is Kind.TEXT:
        if field is None or field.kind is not FieldKind.CATEGORY or field.personal is not None:
            return None
        return _of_words(name, [_texts(batch, name) for batch in batches])
    columns = [_numbers(batch, name) for batch in batches]
    if kind is Kind.INSTANT or all(column is None for column in columns):
        return None
    values = np.concatenate([column for column in columns if column is not None])
    scale = held.policy.scope.scale if kind is Kind.MONEY else 1
    return _of_numbers(name, kind, values[:EVENTS_MAX] / scale)


def _texts(batch: HeldBatch, name: str) -> pl.Series:
    column = batch.columns.values.get(name)
    if not isinstance(column, pl.Series):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(batch))
    return column.gather(pl.Series(batch.decided, dtype=pl.UInt32)).cast(pl.String)


def _numbers(batch: HeldBatch, name: str) -> NDArray[np.float64] | None:
    if name in batch.values:
        return batch.values[name]
    column = batch.columns.values.get(name)
    return column[batch.decided] if isinstance(column, np.ndarray) else None


def _of_words(name: str, parts: list[pl.Series]) -> Spread:
    column = pl.concat([part.rename(name) for part in parts]).head(EVENTS_MAX)
    counts = column.drop_nulls().value_counts(sort=True).head(WORDS_MAX)
    return Spread(
        name=name,
        kind=Kind.TEXT.value,
        events=len(column),
        missing=column.null_count(),
        words=tuple(
            WordCount(word=str(word), count=int(count)) for word, count in counts.iter_rows()
        ),
    )


def _of_numbers(name: str, kind: Kind, values: NDArray[np.float64]) -> Spread:
    known = values[~np.isnan(values)]
    bare = Spread(name=name, kind=kind.value, events=len(values), missing=len(values) - len(known))
    if not len(known):
        return bare
    if kind is Kind.BOOLEAN:
        return msgspec.structs.replace(bare, true_share=float(known.mean()))
    low, median, ninety, ninety_nine, high = np.quantile(known, _SHARES).tolist()
    return msgspec.structs.replace(
        bare,
        minimum=low,
        median=median,
        quantile_90=ninety,
        quantile_99=ninety_nine,
        maximum=high,
    )
