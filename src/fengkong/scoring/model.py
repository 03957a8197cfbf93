"""A model: plain data that is scored, explained, hashed and stored.

    booster = lightgbm.train({"objective": "binary", ...}, ...)
    model = Model.of_lightgbm(booster, about=About(...), inputs=inputs, calibration=curve)
    write_model(model, folder)             # model_file
    model = read_model(folder)
    model.probabilities(matrix)            # float64[n], columns in the order of `inputs`
    model.contributions(row)               # float64[inputs + 1], the last is the expected value

A row is float64[inputs], NaN for missing, each number as its input's kind says: money in major
units, truth as 1 or 0, a category as the position of its word. `raw_scores` of trees are bit for
bit LightGBM's ``predict(raw_score=True)``, and the probabilities its ``predict`` unless the model
is calibrated; contributions are its ``pred_contrib`` within 1e-9 and sum to the raw score. A
scorecard's raw score is the log odds of bad, an anomaly's the sum of ways, higher for stranger
rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from fengkong.core.bilingual import Bilingual
from fengkong.scoring import kernel
from fengkong.scoring.calibration import Calibration
from fengkong.scoring.content import bilingual_content
from fengkong.scoring.errors import InvalidModelError, ModelTooLargeError
from fengkong.scoring.evidence import EvidenceCard, check_card
from fengkong.scoring.image import SLOTS_MAX, Image, Link, image_of
from fengkong.scoring.inputs import Input, InputKind, check_inputs
from fengkong.scoring.isolation import read_isolation_forest
from fengkong.scoring.lightgbm_text import read_lightgbm
from fengkong.scoring.shapley import Ways, ways_of
from fengkong.scoring.trees import CATEGORICAL, Tree, check_trees

Cells = NDArray[np.float64]
_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


class ModelKind(StrEnum):
    """What a model is made of."""

    TREES = "trees"
    SCORECARD = "scorecard"
    ANOMALY = "anomaly"


class Booster(Protocol):
    """What is asked of a booster of LightGBM."""

    def model_to_string(self) -> str:
        """LightGBM's text of the model, up to its best round."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """The history a model learned from.

    `policy_hash` is that of the policy whose engine computed the features; `first` and `last` are
    the journal positions (sequence numbers) of the first and last entry that was read, or None
    for a history from files; `starts_at` and `ends_at` are UTC microseconds of the first and last
    of the `rows` that were learned from.
    """

    policy: str
    policy_version: int
    policy_hash: str
    starts_at: int
    ends_at: int
    rows: int
    frauds: int
    first: int | None = None
    last: int | None = None

    def content(self) -> dict[str, Any]:
        """The same as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who a model is: its name and version as a policy gives them, titles, history and figures.

    `figures` is any JSON that training wants to keep; it is part of the hash.
    """

    name: str
    version: str
    title: Bilingual
    description: Bilingual | None = None
    trained_on: TrainedOn | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A checked model; equal content has an equal `hash`, and every decision names it.

    `trees` are those that are walked over; of a scorecard they are made from its `card`. Making
    one raises `InvalidModelError`, `UnsupportedModelError` or `ModelTooLargeError`. Not for two
    threads at once: it has scratch room of its own.
    """

    about: About
    kind: ModelKind
    inputs: tuple[Input, ...]
    trees: tuple[Tree, ...]
    link: Link = field(default_factory=Link)
    calibration: Calibration | None = None
    card: EvidenceCard | None = None

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        if self.card is not None:
            check_card(self.card)
        check_trees(self.trees, inputs=len(self.inputs))
        for number, tree in enumerate(self.trees):
            self._check_kinds(tree, number)
        sets = sum(len(tree.categories) for tree in self.trees)
        if 4 * len(self.inputs) + 1 + sets > SLOTS_MAX:
            raise ModelTooLargeError(f"more than {SLOTS_MAX} inputs and sets of categories")
        if not (np.isfinite(self.link.factor) and 0.0 < self.link.divisor < np.inf):
            raise InvalidModelError("the factor is finite and the divisor above 0", path="$.link")
        if self.kind is ModelKind.ANOMALY and (self.calibration is None):
            raise InvalidModelError("an anomaly needs its quantiles", path="$.calibration")

    def _check_kinds(self, tree: Tree, number: int) -> None:
        """Sets of categories ask for categories of the input that there are."""
        nodes = np.flatnonzero(tree.decisions & CATEGORICAL).tolist()
        for node in nodes:
            one = self.inputs[int(tree.inputs[node])]
            codes = tree.categories[int(tree.thresholds[node])]
            if one.kind is not InputKind.CATEGORY or max(codes, default=0) >= len(one.categories):
                message = f"{one.name} does not have the categories that it is asked for"
                raise InvalidModelError(message, path=f"$.trees[{number}]")

    # -- made from --------------------------------------------------------------------------

    @classmethod
    def of_lightgbm(
        cls,
        booster: Booster,
        *,
        about: About,
        inputs: Sequence[Input],
        calibration: Calibration | None = None,
    ) -> Model:
        """A trained booster: binary objective; gbdt, rf, dart or goss; up to its best round.

        `inputs` stand in the order of the booster's columns. Boolean and category columns must
        have been given as described above; columns told to LightGBM as categorical are inputs of
        kind category.
        """
        read = read_lightgbm(booster.model_to_string())
        if len(read.names) != len(inputs):
            message = f"{len(read.names)} columns were trained on, {len(inputs)} inputs given"
            raise InvalidModelError(message)
        divisor = float(len(read.trees)) if read.averaged else 1.0
        return cls(
            about=about,
            kind=ModelKind.TREES,
            inputs=tuple(inputs),
            trees=read.trees,
            link=Link(factor=read.sigmoid, divisor=divisor),
            calibration=calibration,
        )

    @classmethod
    def of_card(
        cls,
        card: EvidenceCard,
        *,
        about: About,
        inputs: Sequence[Input],
        calibration: Calibration | None = None,
    ) -> Model:
        """A scorecard by weight of evidence."""
        check_card(card)
        return cls(
            about=about,
            kind=ModelKind.SCORECARD,
            inputs=tuple(inputs),
            trees=card.trees(),
            card=card,
            calibration=calibration,
        )

    @classmethod
    def of_isolation_forest(
        cls, forest: Any, *, about: About, inputs: Sequence[Input], calibration: Calibration
    ) -> Model:
        """A fitted isolation forest of scikit-learn.

        `calibration` is `isolation.quantiles` of the similarities (``-forest.score_samples``).
        """
        read = read_isolation_forest(forest)
        return cls(
            about=about,
            kind=ModelKind.ANOMALY,
            inputs=tuple(inputs),
            trees=read.trees,
            link=Link(divisor=read.divisor, isolation=True),
            calibration=calibration,
        )

    # -- scoring ----------------------------------------------------------------------------

    def probabilities(self, rows: Cells) -> Cells:
        """Probabilities float64[n] of rows float64[n, inputs], calibrated if the model is.

        Of an anomaly it is the share of normal business that is less strange.
        """
        return np.ascontiguousarray(self.scores(rows)[:, 1])

    def raw_scores(self, rows: Cells) -> Cells:
        """Raw scores float64[n] of rows float64[n, inputs]."""
        return np.ascontiguousarray(self.scores(rows)[:, 0])

    def scores(self, rows: Cells) -> Cells:
        """Raw scores and probabilities, float64[n, 2], of rows float64[n, inputs]."""
        out = np.empty((len(rows), 2))
        self.score_into(np.ascontiguousarray(rows, dtype=np.float64), out)
        return out

    def score_into(self, rows: Cells, out: Cells) -> None:
        """The same without making arrays; both are C-contiguous float64."""
        assert rows.shape[1] == len(self.inputs), "a column an input"
        words, numbers, scratch = self._arrays
        kernel.score_rows(rows, words, numbers, scratch, out)

    def contributions(self, row: Cells) -> Cells:
        """What each input of one row float64[inputs] adds to the expected raw score.

        float64[inputs + 1]: Shapley values, path-dependent; the last is the expected raw score of
        the training. They sum to the raw score.
        """
        words, numbers, scratch = self._arrays
        ways = self._ways
        out = np.zeros(len(self.inputs) + 1)
        out[-1] = self.expected
        row = np.ascontiguousarray(row, dtype=np.float64)
        assert row.shape == (len(self.inputs),), "a number an input"
        kernel.explain_row(
            row, words, numbers, scratch, ways.steps, ways.ways, ways.shares, ways.points, out
        )
        return out

    def prepare(self) -> None:
        """Make now what the first score and the first explanation would have to wait for."""
        row = np.zeros(len(self.inputs))
        self.scores(row[None])
        self.contributions(row)

    @cached_property
    def expected(self) -> float:
        """The expected raw score of the training's rows."""
        return sum(tree.expected() for tree in self.trees)

    @cached_property
    def image(self) -> Image:
        """What the kernel walks over."""
        return image_of(
            self.trees,
            inputs=len(self.inputs),
            link=self.link,
            calibration=self.calibration,
            single=self.kind is ModelKind.ANOMALY,
        )

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.uint64], Cells, Cells]:
        image = self.image
        return image.words, image.numbers, np.zeros(image.scratch)

    @cached_property
    def _ways(self) -> Ways:
        return ways_of(self.trees, self.image)

    # -- data -------------------------------------------------------------------------------

    def content(self) -> dict[str, Any]:
        """The model as plain data: all that its hash is of."""
        about = self.about
        return {
            "name": about.name,
            "version": about.version,
            "title": bilingual_content(about.title),
            "description": bilingual_content(about.description),
            "kind": str(self.kind),
            "inputs": [one.content() for one in self.inputs],
            "trees": [tree.content() for tree in self.trees] if self.card is None else None,
            "card": None if self.card is None else self.card.content(),
            "link": {
                "factor": float(self.link.factor),
                "divisor": float(self.link.divisor),
                "isolation": self.link.isolation,
            },
            "calibration": None if self.calibration is None else self.calibration.content(),
            "trained_on": None if about.trained_on is None else about.trained_on.content(),
            "figures": dict(about.figures),
        }

    @cached_property
    def canonical(self) -> bytes:
        """The content as bytes: JSON with sorted keys, numbers as short as they read back.

        Of a model that was read, the bytes as they were written.
        """
        return _CANONICAL.encode(self.content())

    def keep(self, canonical: bytes) -> None:
        """Say which bytes the model was read from; its hash is of these."""
        self.__dict__["canonical"] = canonical

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical bytes."""
        return sha256(self.canonical).hexdigest()
