"""A training configuration: what a model learns from, how, and how it is judged, as one YAML file.

training: card_payments
version: 1
title: {zh: 银行卡支付, en: Card payments}
policy: card_payments            # whose events, fields and features may be used
features: {...}                  # further features, in the language of policies
inputs: [amount, ...]            # what the model sees, in order
truth: {from: rows, delay: 7d}
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.core.instants import parse_duration
from fengkong.evaluation.labels import TruthSource
from fengkong.events.documents import Document, load_document
from fengkong.scoring.binning import BinningPlan
from fengkong.scoring.boosting import BoostingPlan
from fengkong.scoring.model import ModelKind

CANDIDATES_MAX: Final = 48
ALL: Final = "all"


class InvalidTrainingError(RiskError):
    """A training configuration does not say what it must say."""

    code = "training.invalid"
    hint = "Correct the configuration at the line named; nothing was trained."


class CalibrationKind(StrEnum):
    """How a score becomes a probability that is right on average."""

    PLATT = "platt"
    ISOTONIC = "isotonic"
    NONE = "none"


class Binning(StrEnum):
    """How the inputs of a scorecard are cut into bins."""

    POOLED = "pooled"
    """By pooling adjacent violators, see `scoring.binning`."""
    OPTBINNING = "optbinning"
    """By optbinning, an extra that is installed apart."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a configuration; what it does not know is a fault."""


class TruthPart(_Part, frozen=True, kw_only=True):
    """Where the truth comes from, and after what time it is known."""

    source: TruthSource = msgspec.field(name="from", default=TruthSource.ROWS)
    delay: str = "7d"


class JudgePart(_Part, frozen=True, kw_only=True):
    """How a model is judged.

    `entity` is what is found and taken out, drawn in the bootstrap, and counted in the precision
    among the `top` of each day; with `known_excluded` entities whose fraud was known before the
    day are not in the test. `alert_cost` is what looking at one alert costs, in major units.
    """

    entity: str = "customer"
    amount: str = "amount"
    top: int = 100
    known_excluded: bool = False
    false_positive_rate: float = 0.01
    alert_cost: float = 5.0
    segments: tuple[str, ...] = ()


class ModelPart(_Part, frozen=True, kw_only=True):
    """What is trained. `parameters` are LightGBM's own names, or those of the binning.

    `binning` says how a scorecard's bins are found.
    """

    kind: ModelKind = ModelKind.TREES
    bags: int = 1
    rounds: int = 200
    good_share: float = 1.0
    fraud_weight: float = 1.0
    calibration: CalibrationKind = CalibrationKind.PLATT
    binning: Binning = Binning.POOLED
    parameters: dict[str, float | int | bool] = {}


class ValidationPart(_Part, frozen=True, kw_only=True):
    """Windows before the test on which candidates are compared, the newest first."""

    windows: int = 3
    step: str = "7d"
    by: str = "average_precision"


class WindowPart(_Part, frozen=True, kw_only=True):
    """The window that is trained on unless the command says another; the test follows the delay."""

    start: str | None = msgspec.field(name="from", default=None)
    days: int = 7
    test_days: int = 7


class PublishedPart(_Part, frozen=True, kw_only=True):
    """Figures that others published for the same protocol."""

    name: dict[str, str]
    roc_auc: float | None = None
    average_precision: float | None = None
    entity_precision: float | None = None
    source: str = ""


class TrainingPlan(_Part, frozen=True, kw_only=True):
    """The whole configuration.

    `history` says how far before the window rows are learned from: `window` for none of them,
    `all`, or a duration; of all of it the first `warm_up` is left out, since windows are still
    filling. `features` are declared on top of the policy's own.
    """

    name: str = msgspec.field(name="training")
    version: int
    title: dict[str, str]
    policy: str
    inputs: tuple[str, ...]
    description: dict[str, str] | None = None
    features: dict[str, str] = {}
    increasing: tuple[str, ...] = ()
    decreasing: tuple[str, ...] = ()
    truth: TruthPart = TruthPart()
    window: WindowPart = WindowPart()
    history: str = ALL
    warm_up: str = "0d"
    model: ModelPart = ModelPart()
    search: dict[str, tuple[float | int, ...]] = {}
    validation: ValidationPart = ValidationPart()
    judge: JudgePart = JudgePart()
    published: tuple[PublishedPart, ...] = ()
    least_frauds: int = 50
    seed: int = 1

    @property
    def delay(self) -> int:
        """After how many microseconds the truth is known."""
        return parse_duration(self.truth.delay)

    @property
    def optimal(self) -> bool:
        """Whether bins are found by optbinning."""
        return self.model.binning is Binning.OPTBINNING

    @property
    def monotone(self) -> dict[str, int]:
        """The inputs with a direction: 1 when more never means less risk, -1 the other way."""
        return dict.fromkeys(self.increasing, 1) | dict.fromkeys(self.decreasing, -1)

    @property
    def bilingual_title(self) -> Bilingual:
        """The title."""
        return Bilingual(zh=self.title["zh"], en=self.title["en"])

    def with_delay(self, delay: str) -> TrainingPlan:
        """The same plan with another delay of the truth."""
        return msgspec.structs.replace(self, truth=msgspec.structs.replace(self.truth, delay=delay))

    def candidates(self) -> list[dict[str, float | int]]:
        """Every combination of the search space, in the order in which it is written."""
        names = list(self.search)
        return [
            dict(zip(names, values, strict=True))
            for values in itertools.product(*self.search.values())
        ]

    def boosting(self, candidate: dict[str, float | int]) -> BoostingPlan:
        """How trees are grown with the values of a candidate."""
        return BoostingPlan(**self._chosen(candidate), seed=self.seed)

    def binning(self, candidate: dict[str, float | int]) -> BinningPlan:
        """How a scorecard's bins are made with the values of a candidate."""
        chosen = {**self.model.parameters, **candidate}
        known = {name: chosen[name] for name in BinningPlan.__slots__ if name in chosen}
        return BinningPlan(**known)  # type: ignore[arg-type]  # checked by `_kind_faults`

    def _chosen(self, candidate: dict[str, float | int]) -> dict[str, Any]:
        own = {name: getattr(self.model, name) for name in _OWN}
        own |= {name: value for name, value in candidate.items() if name in _OWN}
        others = {name: value for name, value in candidate.items() if name not in _OWN}
        return {**own, "parameters": {**self.model.parameters, **others}}


_OWN: Final = ("rounds", "bags", "good_share", "fraud_weight")
_PARAMETERS: Final = frozenset(
    "learning_rate num_leaves max_depth min_child_samples min_sum_hessian_in_leaf lambda_l1 "
    "lambda_l2 min_gain_to_split feature_fraction feature_fraction_bynode bagging_fraction "
    "bagging_freq extra_trees max_bin cat_smooth cat_l2 max_cat_threshold min_data_per_group "
    "path_smooth is_unbalance scale_pos_weight boosting".split()
)
_FOREST: Final = frozenset({"trees", "rows"})
FIGURES: Final = ("average_precision", "roc_auc", "entity_precision", "ks", "recall", "mean")
"""What candidates can be compared by; `mean` is that of the first three."""


def read_training(text: str, *, source: str) -> tuple[TrainingPlan, Document]:
    """The plan in a YAML text; what is wrong with it raises one FaultsError with lines."""
    document = load_document(text, source=source)
    try:
        plan = msgspec.convert(document.data, TrainingPlan, strict=True)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        where = _path(path.removesuffix("`"))
        raise FaultsError([document.fault(InvalidTrainingError, message, *where)]) from None
    faults = [
        document.fault(InvalidTrainingError, message, *where) for message, where in _faults(plan)
    ]
    if faults:
        raise FaultsError(faults)
    return plan, document


def _path(text: str) -> tuple[str | int, ...]:
    """The parts of msgspec's ``$.model.bags`` or ``$.inputs[3]``."""
    parts: list[str | int] = []
    for part in text.removeprefix("$").replace("[", ".[").split("."):
        if part.startswith("["):
            number = part.strip("[]")
            parts.append(int(number) if number.isdecimal() else number)
        elif part:
            parts.append(part)
    return tuple(parts)


Found = Iterator[tuple[str, tuple[str | int, ...]]]


def _faults(plan: TrainingPlan) -> Found:
    for name in ("title", "description"):
        text = getattr(plan, name)
        if text is not None and (set(text) != {"zh", "en"} or not all(text.values())):
            yield "expected a text in both languages: {zh: ..., en: ...}", (name,)
    for index, published in enumerate(plan.published):
        if set(published.name) != {"zh", "en"}:
            yield "expected a name in both languages: {zh: ..., en: ...}", ("published", index)
    if plan.version < 1:
        yield "a version is a whole number from 1", ("version",)
    if not plan.inputs:
        yield "a model needs inputs", ("inputs",)
    for index, name in enumerate(plan.inputs):
        if name in plan.inputs[:index]:
            yield f"{name} stands twice", ("inputs", index)
    for key, names in (("increasing", plan.increasing), ("decreasing", plan.decreasing)):
        for index, name in enumerate(names):
            if name not in plan.inputs:
                yield f"{name} is not among the inputs", (key, index)
    for name in sorted(set(plan.increasing) & set(plan.decreasing)):
        yield f"{name} cannot rise and fall", ("decreasing",)
    yield from _duration_faults(plan)
    yield from _number_faults(plan)
    yield from _search_faults(plan)


def _duration_faults(plan: TrainingPlan) -> Found:
    durations = [
        (plan.truth.delay, ("truth", "delay")),
        (plan.warm_up, ("warm_up",)),
        (plan.validation.step, ("validation", "step")),
    ]
    if plan.history not in (ALL, "window"):
        durations.append((plan.history, ("history",)))
    for text, where in durations:
        if text == "0d":
            continue
        try:
            parse_duration(text)
        except RiskError as error:
            yield error.message, where


def _number_faults(plan: TrainingPlan) -> Found:
    model, judge = plan.model, plan.judge
    checks = [
        (1 <= model.bags <= 50, "expected 1 to 50 bags", ("model", "bags")),
        (1 <= model.rounds <= 5000, "expected 1 to 5000 rounds", ("model", "rounds")),
        (0.0 < model.good_share <= 1.0, "a share is above 0, at most 1", ("model", "good_share")),
        (
            model.binning is Binning.POOLED or model.kind is ModelKind.SCORECARD,
            "only a scorecard has bins",
            ("model", "binning"),
        ),
        (model.fraud_weight > 0.0, "a weight is above 0", ("model", "fraud_weight")),
        (judge.top >= 1, "expected at least 1", ("judge", "top")),
        (
            0.0 < judge.false_positive_rate < 1.0,
            "a rate is between 0 and 1",
            ("judge", "false_positive_rate"),
        ),
        (judge.alert_cost >= 0.0, "a cost is not below 0", ("judge", "alert_cost")),
        (plan.window.days >= 1, "expected at least 1 day", ("window", "days")),
        (plan.window.test_days >= 1, "expected at least 1 day", ("window", "test_days")),
        (0 <= plan.validation.windows <= 20, "expected 0 to 20", ("validation", "windows")),
        (plan.validation.by in FIGURES, f"known: {', '.join(FIGURES)}", ("validation", "by")),
        (plan.least_frauds >= 2, "expected at least 2", ("least_frauds",)),
    ]
    yield from ((message, where) for good, message, where in checks if not good)


def _search_faults(plan: TrainingPlan) -> Found:
    kind = plan.model.kind
    known = {
        ModelKind.TREES: _PARAMETERS | set(_OWN),
        ModelKind.SCORECARD: frozenset(BinningPlan.__slots__),
        ModelKind.ANOMALY: _FOREST,
    }[kind]
    for key, names in (("parameters", plan.model.parameters), ("search", plan.search)):
        where: tuple[str | int, ...] = ("model", key) if key == "parameters" else (key,)
        for name in names:
            if name not in known:
                yield (
                    f"{name} is no parameter of {kind}; known: {', '.join(sorted(known))}",
                    (
                        *where,
                        name,
                    ),
                )
    for name, values in plan.search.items():
        if not values:
            yield f"{name} has no values to try", ("search", name)
    if len(plan.candidates()) > CANDIDATES_MAX:
        yield f"at most {CANDIDATES_MAX} candidates", ("search",)
    if len(plan.candidates()) > 1 and plan.validation.windows == 0:
        yield "a search needs windows to choose on", ("validation", "windows")


def relocated(faults: tuple[Fault, ...], *, document: Document, names: set[str]) -> list[Fault]:
    """Faults of a policy made for training, at the lines of the configuration they come from."""
    found = []
    for fault in faults:
        path = _path(fault.path)
        if len(path) >= 2 and path[0] == "features" and path[1] in names:
            at = document.fault(InvalidTrainingError, fault.message, *path)
            found.append(
                Fault(
                    code=fault.code,
                    message=fault.message,
                    path=at.path,
                    hint=fault.hint,
                    source=at.source,
                    line=at.line,
                )
            )
        else:
            found.append(fault)
    return found
