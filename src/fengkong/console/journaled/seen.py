"""What the tail has seen in the journal, on its way into the read model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class SeenDecision(NamedTuple):
    """A decision; its fields are those of `models.Decision`, instants in microseconds."""

    sequence: int
    event_id: str
    event_type: str
    subject: str
    occurred_at: int
    recorded_at: int
    outcome: str
    points: float
    probability: float | None
    amount_minor: int | None
    currency: str
    policy: str
    policy_version: int
    policy_hash: str
    rules: tuple[str, ...]
    degraded: bool
    late: bool
    erased: bool
    shadow_outcome: str
    by_canary: bool = False


class SeenNames(NamedTuple):
    """Whom the event of the decision at `sequence` names: fields with blind indexes of 16 bytes."""

    sequence: int
    named: tuple[tuple[str, bytes], ...]


class SeenCall(NamedTuple):
    """An event of a subject (`by`) calls an entity by a person's or a firm's name.

    All three are blind indexes of 16 bytes; `by` is empty where the event is nobody's.
    """

    name: bytes
    entity: bytes
    by: bytes


class SeenWay(NamedTuple):
    """How the event of the decision at `sequence` came; empty is what it did not say.

    `authentication` is strong or single, `reach` domestic or cross_border.
    """

    sequence: int
    channel: str
    method: str
    authentication: str
    reach: str


class SeenLabel(NamedTuple):
    """The truth about an event, `at` in microseconds; amounts in minor units of `currency`."""

    event_id: str
    is_fraud: bool
    kind: str
    at: int
    sequence: int
    source: str = ""
    scenario: str = ""
    loss_minor: int | None = None
    recovered_minor: int | None = None
    currency: str = ""


class SeenActivation(NamedTuple):
    """A policy that got its part, `at` in microseconds; a canary has a `share`, dealt out `by`."""

    sequence: int
    role: str
    cause: str
    policy: str
    policy_version: int | None
    policy_hash: str
    at: int
    share: float | None = None
    by: str = ""


class SeenErasure(NamedTuple):
    """A subject that was erased, `at` in microseconds."""

    subject: str
    sequence: int
    at: int


class SeenListChange(NamedTuple):
    """A value put on a list or taken off, in the clear; instants in microseconds."""

    event_id: str
    sequence: int
    list_name: str
    entity: str
    operation: str
    value: str
    reason: str
    author: str
    at: int
    starts: int | None
    expires: int | None


class SeenListHit(NamedTuple):
    """A value that a rule which hit had asked a list for, in the clear."""

    list_name: str
    value: str
    at: int


@dataclass(slots=True)
class SeenEntries:
    """What some entries of the journal hold: all those behind `after` up to `upto`.

    `journal` is the journal's identity, `at` is when the last entry was recorded.
    """

    journal: str
    after: int
    upto: int
    at: int
    decisions: list[SeenDecision] = field(default_factory=list)
    names: list[SeenNames] = field(default_factory=list)
    calls: list[SeenCall] = field(default_factory=list)
    ways: list[SeenWay] = field(default_factory=list)
    labels: list[SeenLabel] = field(default_factory=list)
    activations: list[SeenActivation] = field(default_factory=list)
    erasures: list[SeenErasure] = field(default_factory=list)
    list_changes: list[SeenListChange] = field(default_factory=list)
    list_hits: list[SeenListHit] = field(default_factory=list)
