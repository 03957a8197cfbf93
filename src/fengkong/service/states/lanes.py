"""A policy kept in step with the journal: its engine, and its state at one position.

The state of a lane at a position is a fold over every entry up to there, whatever policy was live
when they came. So it does not matter who folds: the service one event at a time, a second process
in columns, or a replay years later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from fengkong.core.errors import RiskError
from fengkong.decisions.decision import Decision
from fengkong.decisions.engine import Engine
from fengkong.decisions.handful import HANDFUL_MAX
from fengkong.decisions.policy import LIST_CHANGED, Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.decisions.state import State
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.features.state import FeatureLimitError, ValueRangeError
from fengkong.rules.errors import InvalidListError
from fengkong.rules.lists import ListChange

FEATURES: Final = "features"
"""What is missing from a degraded decision: the windows had no room for the event."""


class Judged(NamedTuple):
    """What a lane made of an event; `missing` names what a degraded decision did without."""

    decision: Decision | None
    missing: str | None


class Decided(NamedTuple):
    """A decision as it is recorded: its canonical JSON, its outcome, whether the event was late."""

    text: bytes
    outcome: str
    late: bool


class Passed(NamedTuple):
    """An event of the journal to fold in; `degraded` as its leaf says."""

    event: Event
    degraded: bool


@dataclass(slots=True)
class Lane:
    """A policy, its engine and its state."""

    text: str
    engine: Engine
    state: State

    @classmethod
    def begin(cls, text: str, *, source: str = "policy") -> Lane:
        """The lane before the first event; raises the faults of the policy."""
        engine = Engine(read_policy_text(text, source=source))
        return cls(text, engine, engine.new_state())

    @property
    def policy(self) -> Policy:
        """The policy of the lane."""
        return self.engine.policy

    @property
    def fields(self) -> frozenset[str]:
        """The fields of events that the policy looks at."""
        frame = self.engine.layout.frame
        names = {name.split(".")[0] for name in (*frame.cells, *frame.text_names)}
        return frozenset(names)

    def decides(self, event: Event) -> bool:
        """Whether the policy decides events of this type."""
        return event.type in self.policy.events

    def judge(self, event: Event) -> Judged:
        """Count one event and decide it.

        Where the windows have no room the event is not counted, and the policy's fallback
        applies; the same happens again in every replay. Other errors are the event's own.
        """
        try:
            return Judged(self.engine.decide(event, self.state), None)
        except FeatureLimitError:
            if not self.decides(event):
                return Judged(None, FEATURES)
            return Judged(self.engine.fallback(event, missing=FEATURES), FEATURES)

    def follow(self, event: Event) -> Judged | None:
        """Judge an event that was recorded whatever this policy makes of it.

        None, with nothing counted, where the policy cannot take it: a list it does not know as the
        change would have it, or a number that its features cannot hold.
        """
        try:
            return self.judge(event)
        except RiskError:
            return None

    def decide_together(self, events: Sequence[Event]) -> list[Decided | None] | None:
        """Count and decide events without list changes together, as `judge` would one by one.

        For each event the decision as text, None where it is not decided. None for all, and
        nothing counted, where one of them needs to be looked at by itself.
        """
        if len(events) > HANDFUL_MAX:
            return self._decide_columns(events)
        try:
            return [
                None if one is None else Decided(*one)
                for one in self.engine.decide_handful(events, self.state)
            ]
        except (FeatureLimitError, ValueRangeError):
            return None

    def _decide_columns(self, events: Sequence[Event]) -> list[Decided | None] | None:
        columns = EventColumns.from_events(
            events, catalogue=self.policy.catalogue, fields=self.fields
        )
        try:
            blocks = list(self.engine.decide_columns(columns, self.state))
        except (FeatureLimitError, ValueRangeError):
            return None
        decided: list[Decided | None] = []
        for block in blocks:
            written = self.engine.writer.write(block)
            decided += map(Decided, written.texts, written.outcomes, written.late)
        if len(decided) == len(events):
            return decided
        each = iter(decided)
        return [next(each) if self.decides(event) else None for event in events]

    def check(self, event: Event) -> None:
        """Refuse a list change that could not be applied, before anything is recorded."""
        if event.type == LIST_CHANGED:
            name = event.values.get("list")
            change = ListChange.of(event.values, occurred_at=event.occurred_at)
            if name not in self.policy.scope.lists:
                raise InvalidListError(
                    f"the policy {self.policy.name} has no list {str(name)[:80]!r}", path="$.list"
                )
            starts = max(change.starts or event.occurred_at, event.occurred_at)
            if change.expires is not None and change.expires <= starts:
                raise InvalidListError(
                    "the entry would expire before it starts", path="$.expires_at"
                )

    def fold(self, passed: Sequence[Passed]) -> None:
        """Let events of the journal go by, in columns wherever that gives the same state.

        Degraded ones were not counted then, and are not now, whatever room there is.
        """
        for stretch in _stretches([one for one in passed if not one.degraded]):
            if len(stretch) < _FEW:
                self._fold_singly(stretch)
                continue
            columns = EventColumns.from_events(
                [one.event for one in stretch],
                catalogue=self.policy.catalogue,
                fields=self.fields,
            )
            try:
                for _ in self.engine.decide_columns(columns, self.state):
                    pass
            except (FeatureLimitError, ValueRangeError):
                # A long batch asks for all its room at once: one by one may still fit; and what
                # cannot be counted at all is passed by alone.
                self._fold_singly(stretch)

    def _fold_singly(self, passed: Sequence[Passed]) -> None:
        for one in passed:
            self.follow(one.event)


_FEW: Final = 64
_STRETCH_MAX: Final = 16_384


def _stretches(passed: Sequence[Passed]) -> list[Sequence[Passed]]:
    """Runs of events that one call may count: cut at list changes."""
    runs: list[Sequence[Passed]] = []
    start = 0
    for at, one in enumerate(passed):
        if one.event.type == LIST_CHANGED or at - start >= _STRETCH_MAX:
            if at > start:
                runs.append(passed[start:at])
            start = at
            if one.event.type == LIST_CHANGED:
                runs.append(passed[at : at + 1])
                start = at + 1
    if start < len(passed):
        runs.append(passed[start:])
    return runs


def read_policy_text(text: str, *, source: str) -> Policy:
    """The checked policy of a YAML text."""
    return load_policy(text, source=source, catalogue=shipped_catalogue())


def same_memory(one: Policy, other: Policy) -> bool:
    """Whether two policies remember the same of every history, so that a state may be shared."""
    return _memory(one) == _memory(other)


def _memory(policy: Policy) -> tuple[object, ...]:
    """Everything of a policy that its state depends on."""
    return (
        policy.windows,
        policy.links,
        policy.link_limits,
        sorted(policy.events),
        sorted((name, str(condition)) for name, condition in policy.conditions.items()),
        sorted(policy.scope.lists),
        policy.scope.currency,
        policy.scope.time_zone,
        sorted((name, str(rate)) for name, rate in policy.rates.items()),
        sorted((name, str(value)) for name, value in policy.scope.parameters.items()),
        policy.limits,
    )
