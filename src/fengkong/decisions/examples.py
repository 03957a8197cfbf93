"""The examples of a policy: small stories with the decision that must come out.

An example's events are in wire form, with liberties that keep it short. ``id`` may be left out,
and so may ``currency`` (the policy's own). ``occurred_at`` may be an offset from the start of
the example (``+5m``, ``-3d``, ``+1d2h``) or be left out (the time of the event before); the start
is the instant of the first event, or 2026-11-02T02:00:00Z, ten o'clock on a Monday in Shanghai.
An instant in another field may be an offset from its event. ``times: 4`` with ``every: 10s``
repeats an event, and ``{n}`` in its texts is then 1, 2, 3, 4. The last decided event is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

import msgspec

from fengkong.core.errors import Fault, FaultsError, RiskError
from fengkong.core.instants import format_instant, parse_duration, parse_instant
from fengkong.decisions.decision import Decision
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy import Example, Policy
from fengkong.events.catalogue import Catalogue, Kind
from fengkong.events.decoding import Decoder
from fengkong.events.event import Event

START: Final = parse_instant("2026-11-02T02:00:00Z")
"""When an example begins whose first event names no instant."""
TIMES_MAX: Final = 10_000
_OFFSET: Final = re.compile(r"([+-])\s*((?:[0-9]{1,9}[smhdw]\s*)+)", re.ASCII)
_PART: Final = re.compile(r"[0-9]+[smhdw]", re.ASCII)
_TOLERANCE: Final = 1e-6


class ExampleFailedError(RiskError):
    """A policy does not decide one of its own examples as the example says."""

    code = "policy.example_failed"
    hint = "Correct the rule or the example; a policy whose examples fail cannot be activated."


class InvalidExampleError(RiskError):
    """The events of an example cannot be read."""

    code = "policy.invalid_example"
    hint = "Write the events in wire form; times may be offsets such as +5m."


def check_examples(policy: Policy) -> list[Fault]:
    """A fault for every example whose decision is not the expected one, in their order."""
    engine = Engine(policy)
    decoder = Decoder(policy.catalogue)
    faults: list[Fault] = []
    for index, example in enumerate(policy.examples):
        try:
            decision = _decided(engine, _events(example, policy=policy, decoder=decoder))
        except FaultsError as error:
            faults += [_placed(fault, example, index) for fault in error.faults]
            continue
        except RiskError as error:
            faults.append(_placed(error.fault(), example, index))
            continue
        found = differences(decision, expect=example.expect)
        if found:
            message = "; ".join(found)
            faults.append(_placed(ExampleFailedError(message).fault(), example, index))
    return faults


def example_events(example: Example, *, policy: Policy) -> list[Event]:
    """The events of an example spelt out; faults in them raise one FaultsError."""
    return _events(example, policy=policy, decoder=Decoder(policy.catalogue))


def differences(decision: Decision | None, *, expect: Mapping[str, object]) -> list[str]:
    """What was expected and what came instead, a sentence for each difference."""
    if decision is None:
        return ["no event of the example is decided by this policy"]
    rules = {hit.rule for hit in decision.hits}
    unknown = {one.rule for one in decision.unknowns}
    features = cast("Mapping[str, object]", expect.get("features") or {})
    compared: list[tuple[str, object, object]] = [
        ("outcome", expect.get("outcome", decision.outcome), decision.outcome),
        ("points", expect.get("points", decision.points), decision.points),
    ]
    compared += [(name, value, decision.features.get(name)) for name, value in features.items()]
    found = [
        f"expected {name} {_word(wanted)}, came {_word(came)}"
        for name, wanted, came in compared
        if not _alike(wanted, came)
    ]
    found += _rule_differences("reasons", expect.get("reasons"), rules)
    found += _rule_differences("unknowns", expect.get("unknowns"), unknown)
    return found


def _rule_differences(what: str, wanted: object, came: set[str]) -> list[str]:
    if not isinstance(wanted, list) or set(wanted) == came:
        return []
    missing, more = sorted({*wanted} - came), sorted(came - {*wanted})
    parts = [f"missing {', '.join(missing)}"] if missing else []
    parts += [f"also came {', '.join(more)}"] if more else []
    return [f"expected {what} {_listed(wanted)}, came {_listed(came)} ({'; '.join(parts)})"]


def _listed(rules: list[str] | set[str]) -> str:
    return ", ".join(sorted(rules)) or "none"


def _alike(wanted: object, came: object) -> bool:
    if isinstance(wanted, int | float) and isinstance(came, int | float):
        return abs(wanted - came) <= _TOLERANCE * max(1.0, abs(wanted))
    return wanted == came


def _word(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _placed(fault: Fault, example: Example, index: int) -> Fault:
    """A fault with the example's name and place."""
    inside = fault.path.removeprefix("$")
    return replace(
        fault,
        message=f"example {example.name!r}: {fault.message}",
        path=f"$.examples[{index}]{inside}",
        source=example.source,
        line=fault.line or example.line,
        row=None,
    )


def _decided(engine: Engine, events: list[Event]) -> Decision | None:
    """The last decision that the events lead to."""
    state = engine.new_state()
    last: Decision | None = None
    for event in events:
        last = engine.decide(event, state) or last
    return last


# -- the events of an example ----------------------------------------------------------------


def _events(example: Example, *, policy: Policy, decoder: Decoder) -> list[Event]:
    events: list[Event] = []
    faults: list[Fault] = []
    telling = _Telling(policy=policy, catalogue=policy.catalogue)
    for number, given in enumerate(example.given):
        line = example.lines[number] if number < len(example.lines) else example.line
        try:
            wires = telling.spell_out(given)
            events += [decoder.decode(msgspec.json.encode(wire)) for wire in wires]
        except FaultsError as error:
            faults += [_inside(fault, number, line) for fault in error.faults]
        except RiskError as error:
            faults.append(_inside(error.fault(), number, line))
    if faults:
        raise FaultsError(faults)
    return events


def _inside(fault: Fault, number: int, line: int | None) -> Fault:
    path = f"$.given[{number}]{fault.path.removeprefix('$')}"
    return replace(fault, message=f"event {number + 1}: {fault.message}", path=path, line=line)


@dataclass(slots=True, kw_only=True)
class _Telling:
    """Spells out the events of one example, one after the other."""

    policy: Policy
    catalogue: Catalogue
    start: int | None = None
    now: int = START
    told: int = 0

    def spell_out(self, given: Mapping[str, object]) -> Iterator[dict[str, object]]:
        """The complete wire forms that one entry of `given` stands for."""
        times = given.get("times", 1)
        if type(times) is not int or not 1 <= times <= TIMES_MAX:
            raise InvalidExampleError(f"times is a whole number to {TIMES_MAX}", path="$.times")
        every = parse_duration(str(given["every"])) if "every" in given else 0
        first = self._instant(given.get("occurred_at"))
        for n in range(1, times + 1):
            self.now = first + (n - 1) * every
            self.told += 1
            yield self._wire(given, n)

    def _instant(self, text: object) -> int:
        """The time of an event; the first one says when the example starts."""
        offset = _offset(text)
        if self.start is None:
            self.start = START if text is None or offset is not None else parse_instant(str(text))
            self.now = self.start
        if text is None:
            return self.now
        return parse_instant(str(text)) if offset is None else self.start + offset

    def _wire(self, given: Mapping[str, object], n: int) -> dict[str, object]:
        wire: dict[str, object] = {"type": given.get("type"), "id": f"example-{self.told}"}
        for name, value in given.items():
            if name not in ("times", "every"):
                wire[name] = self._value(name, value, n)
        wire["occurred_at"] = format_instant(self.now)
        fields = self.catalogue.fields
        if any(name in fields and fields[name].kind is Kind.MONEY for name in given):
            wire.setdefault("currency", self.policy.scope.currency)
        return wire

    def _value(self, name: str, value: object, n: int) -> object:
        if not isinstance(value, str):
            return value
        field = self.catalogue.fields.get(name)
        offset = _offset(value) if field is not None and field.kind is Kind.INSTANT else None
        return value.replace("{n}", str(n)) if offset is None else format_instant(self.now + offset)


def _offset(text: object) -> int | None:
    """Microseconds of an offset such as ``+5m`` or ``-1d2h``; None for anything else."""
    match = _OFFSET.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    parts = [part for part in _PART.findall(match[2]) if int(part[:-1])]
    length = sum(parse_duration(part.lstrip("0")) for part in parts)
    return length if match[1] == "+" else -length
