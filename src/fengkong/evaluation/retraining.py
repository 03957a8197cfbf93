"""When a model is trained again, and on what: a history read backwards from its end.

    champion's training ...                          | days looked at |
    ...      days whose truth is looked at | truth not yet known      |
    history ... | window | delay | test    | truth not yet known      |

The days that are looked at are compared with the rows that the champion learned from. What is new
is judged on the newest days whose truth can be known, and never learns from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from fengkong.core.errors import RiskError
from fengkong.evaluation.judgements import Period
from fengkong.evaluation.model_watch import Periods
from fengkong.evaluation.training_table import TrainingTable
from fengkong.evaluation.training_windows import Window
from fengkong.scoring.errors import DamagedModelError
from fengkong.scoring.model import Model, TrainedOn
from fengkong.scoring.model_file import read_model
from fengkong.scoring.store import FolderStore

TERMS: Final = "challenger.json"
"""The file beside a version that says on which terms it was offered as a challenger."""
ROWS_LEAST: Final = 200
"""With fewer rows than this the stability index of ten bins is mostly chance."""
SHARE_MAX: Final = 0.5
"""A challenger with more of the subjects than this would be the champion by another name."""


class NothingToWatchError(RiskError):
    """The history has too few events of the days that a model learned from, or of the last ones."""

    code = "model.nothing_to_watch"
    hint = "Give the history from the days of the model's training on, or more --days."


class ShareTooLargeError(RiskError):
    """A trained challenger was to decide more subjects than the champion."""

    code = "model.share_too_large"
    hint = "Give a share of at most 50%; promoting a model is publishing a policy that names it."


class RetrainingState(StrEnum):
    """What came of looking whether a model is to be trained again."""

    STEADY = "steady"
    """No lamp is red: nothing was trained."""
    WAITING = "waiting"
    """Drifted, and there is a version that learned from these days: nothing was trained."""
    TRAINED = "trained"
    """A new version is in the registry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long the days that are looked at, the window and the test are, in microseconds.

    `delay` is after what time a truth is known.
    """

    watched: int
    delay: int
    window: int
    test: int


def watched_periods(trained_on: TrainedOn, *, end: int, lengths: Lengths) -> Periods:
    """What a champion learned from, and the last days of a history that ends at an instant."""
    known = end - lengths.delay
    return Periods(
        then=Period(since=trained_on.starts_at, until=trained_on.ends_at + 1),
        now=Period(since=end - lengths.watched, until=end + 1),
        truth=Period(since=known - lengths.watched, until=known + 1),
    )


def check_watched(table: TrainingTable, periods: Periods) -> None:
    """Raises `NothingToWatchError` where a missing period would look like a steady one.

    The same for one so short that chance alone would look like a drift.
    """
    for period, told in ((periods.then, "that the model learned from"), (periods.now, "looked at")):
        many = int(np.count_nonzero(period.holds(table.occurred_at)))
        if many < ROWS_LEAST:
            message = f"{many} events of the days {told}, at least {ROWS_LEAST} are asked for"
            raise NothingToWatchError(message)


def newest_start(*, end: int, lengths: Lengths) -> int:
    """Where the window begins whose test is the newest that can be judged when a history ends."""
    return end - lengths.delay - lengths.test - lengths.delay - lengths.window


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A challenger's share (such as ``10%``) of the values of the field `by`."""

    share: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All versions of one model in a folder ``DIR/name/version``."""

    folder: Path
    name: str

    def models(self) -> Sequence[Model]:
        """Every version that can be read, by when its training ended, the newest last."""
        found = [read_model(self.place(version)) for version in self.versions()]
        return sorted(found, key=_ends_at)

    def versions(self) -> Sequence[str]:
        """The names of the versions."""
        return FolderStore([self.folder]).versions(self.name)

    def next_version(self, *, at_least: int) -> int:
        """The whole number that follows all versions that are whole numbers."""
        taken = [int(version) for version in self.versions() if version.isdecimal()]
        return max([at_least, *(one + 1 for one in taken)])

    def terms(self, version: str) -> list[Terms]:
        """On which terms a version was ever offered as a challenger, the newest last."""
        path = self.place(version) / TERMS
        try:
            return msgspec.json.decode(path.read_bytes(), type=list[Terms])
        except FileNotFoundError:
            return []
        except msgspec.DecodeError as error:
            raise DamagedModelError(f"not readable: {error}", source=str(path)) from None

    def note(self, version: str, terms: Terms) -> None:
        """Remember terms before they are offered, so that the offer is known again afterwards."""
        known = self.terms(version)
        if terms not in known:
            path = self.place(version) / TERMS
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_bytes(msgspec.json.encode([*known, terms]))
            unfinished.replace(path)

    def place(self, version: str) -> Path:
        """The folder of a version."""
        return self.folder / self.name / version


def knowing(models: Iterable[Model], *, window: Window, renew: int) -> Model | None:
    """The newest model that learned from all but the last `renew` (us) of a window, or None.

    Training again would give hardly anything else.
    """
    found = [one for one in models if _ends_at(one) >= window.until - renew]
    return max(found, key=_ends_at, default=None)


def _ends_at(model: Model) -> int:
    trained = model.about.trained_on
    return 0 if trained is None else trained.ends_at
