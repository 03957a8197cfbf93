"""Drills: scripts with injects on a clock, what is expected, and how a run is scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, Literal

import msgspec

from fengkong.response.clocks import shipped_regulations
from fengkong.response.kinds import shipped_scale
from fengkong.response.phases import PHASES, WORKING
from fengkong.response.playbook import Playbook, SwitchName, shipped_playbooks
from fengkong.response.strict import Reader, Record, Text, document_of, read_all

MINUTES_MAX: Final = 480
_EACH: Final = 25


class Inject(Record, frozen=True):
    """What the people learn at a minute of the script; `source` says from where."""

    at: int
    source: Text
    text: Text


class Attack(Record, frozen=True):
    """What the simulator does to the sandbox; `policy` is run where the live one sees nothing.

    `parameters` replaces values of the scenario's own.
    """

    scenario: str
    policy: str
    customers: int = 60
    seed: int = 7
    parameters: dict[str, float] = msgspec.field(default_factory=dict)


class Expected(Record, frozen=True):
    """Targets in minutes from the first inject, the clocks that must run, and the last phase.

    `points` and `missed` are what an unattended run of the script comes to.
    """

    detect: int
    decide: int
    contain: int
    clocks: tuple[str, ...] = ()
    phase: Literal["review", "closed"] = "closed"
    points: int = 100
    missed: tuple[str, ...] = ()


class Unattended(Record, frozen=True):
    """When the script itself acts, in minutes, where nobody else does; `skips` are left out."""

    open: int
    classify: int
    decide: int
    contain: int
    recover: int
    close: int
    facts: tuple[str, ...] = ()
    switch: SwitchName | None = None
    skips: tuple[str, ...] = ()


class Script(Record, frozen=True):
    """One drill; `minutes` is how long it lasts at most."""

    drill: str
    version: int
    mode: Literal["tabletop", "live"]
    playbook: str
    severity: int
    minutes: int
    title: Text
    scenario: Text
    goals: tuple[Text, ...]
    injects: tuple[Inject, ...]
    expects: Expected
    unattended: Unattended
    attack: Attack | None = None


class Times(Record, frozen=True):
    """What happened when, in minutes of the script from its beginning; None: never."""

    detected: float | None
    decided: float | None
    contained: float | None
    missed: tuple[str, ...]
    steps: int
    clocks: tuple[str, ...]
    phases: tuple[str, ...]


class Score(Record, frozen=True):
    """How a run went, of 100: 25 each for detecting, deciding, containing, and for the steps."""

    points: int
    detect: int
    decide: int
    contain: int
    steps: int
    missed: tuple[str, ...]
    clocks_missing: tuple[str, ...]


def read_script(text: str, source: str) -> Script:
    """The script in a text; raises FaultsError with every fault."""
    reader = Reader(document_of(text, source=source))
    data = reader.document.data
    assert isinstance(data, dict), "checked when it was read"
    injects = reader.parts(data.get("injects"), Inject, "injects")
    head = {name: value for name, value in data.items() if name != "injects"}
    made = reader.part(head | {"injects": ()}, Script)
    if not injects:
        reader.fault("a drill needs injects", "injects")
    times = [one.at for one in injects]
    if times != sorted(times) or (times and times[0] != 0):
        reader.fault("injects begin at 0 and go on in order", "injects")
    if made is not None:
        _check(reader, made, last=times[-1] if times else 0)
    reader.finish()
    assert made is not None, "its absence is a fault"
    return msgspec.structs.replace(made, injects=injects)


def _check(reader: Reader, made: Script, *, last: int) -> None:
    plan = made.unattended
    order = [plan.open, plan.classify, plan.decide, plan.contain, plan.recover, plan.close]
    if order != sorted(order) or not last <= made.minutes <= MINUTES_MAX:
        reader.fault("times rise, and stay within the minutes", "unattended")
    if order[-1] > made.minutes:
        reader.fault("it closes within its minutes", "unattended", "close")
    if (made.mode == "live") is (made.attack is None):
        reader.fault("a live drill has an attack, and no other has", "attack")
    if made.severity not in shipped_scale().severities:
        reader.fault("severity is 1 to 4", "severity")
    found = shipped_playbooks().get(made.playbook)
    if found is None:
        reader.fault(f"there is no playbook {made.playbook[:40]!r}", "playbook")
        return
    steps = {step.id for step in found[0].steps}
    for name in {*plan.skips, *made.expects.missed} - steps:
        reader.fault(f"the playbook has no step {name[:40]!r}", "unattended", "skips")
    clocks = {one.id for law in shipped_regulations().values() for one in law.clocks}
    for name in set(made.expects.clocks) - clocks:
        reader.fault(f"there is no clock {name[:40]!r}", "expects", "clocks")
    for name in set(plan.facts) - set(shipped_scale().facts):
        reader.fault(f"there is no fact {name[:40]!r}", "unattended", "facts")


@cache
def shipped_scripts() -> Mapping[str, Script]:
    """The drills that come with Fengkong, by name."""
    return {one.drill: one for one in read_all("drills", read_script).values()}


def score(script: Script, times: Times) -> Score:
    """Score a run: full marks up to the target, none from twice the target on."""
    expects = script.expects
    detect = _marks(times.detected, expects.detect)
    decide = _marks(times.decided, expects.decide)
    contain = _marks(times.contained, expects.contain)
    done = max(0, times.steps - len(times.missed))
    steps = round(_EACH * done / times.steps) if times.steps else 0
    return Score(
        points=detect + decide + contain + steps,
        detect=detect,
        decide=decide,
        contain=contain,
        steps=steps,
        missed=times.missed,
        clocks_missing=tuple(sorted(set(expects.clocks) - set(times.clocks))),
    )


def _marks(taken: float | None, target: int) -> int:
    if taken is None:
        return 0
    return round(_EACH * min(1.0, max(0.0, 2 - taken / target)))


class Move(Record, frozen=True):
    """One thing that an unattended drill does; `about` is a step, a criterion or a switch."""

    at: float
    act: str
    about: str = ""


def plan(script: Script, playbook: Playbook) -> tuple[Move, ...]:
    """Everything that an unattended run does, in order."""
    when = script.unattended
    moves = [
        Move(at=when.open, act="open"),
        *_at(when.classify, ("classify", "assign", "assess_phase", "assess", "playbook")),
        *_at(when.classify, ("decide_phase",)),
        *_spread(_of(playbook, "identify", "assess"), script, when.classify, when.decide),
        *_at(when.decide, ("decide", "contain_phase")),
    ]
    if when.switch is not None:
        moves.append(Move(at=when.decide, act="switch", about=when.switch))
    contain = _of(playbook, "decide", "contain")
    moves += _spread(contain, script, when.decide, when.contain)
    moves += _at(when.contain, ("recover_phase",))
    moves += _spread(_of(playbook, "recover"), script, when.contain, when.recover)
    if when.switch is not None:
        moves.append(Move(at=when.recover, act="end_switch"))
    moves += [Move(at=when.recover, act="exit", about=one.id) for one in playbook.exit]
    moves += _at(when.recover, ("settled", "review_phase"))
    moves += _at(when.close, ("cause", "action", "report", "closed_phase"))
    return tuple(moves)


def _at(minute: float, acts: Sequence[str]) -> list[Move]:
    return [Move(at=minute, act=act) for act in acts]


def _of(playbook: Playbook, *phases: str) -> list[str]:
    return [step.id for step in playbook.steps if step.phase in phases]


def _spread(steps: Sequence[str], script: Script, start: int, end: int) -> list[Move]:
    """Steps done one after the other between two times; those that are skipped, at the end."""
    kept = [step for step in steps if step not in script.unattended.skips]
    gap = (end - start) / (len(kept) + 1)
    done = [Move(at=start + gap * (n + 1), act="finish", about=s) for n, s in enumerate(kept)]
    left = [step for step in steps if step in script.unattended.skips]
    return done + [Move(at=end, act="skip", about=step) for step in left]


PHASE_ACTS: Final = {f"{phase.value}_phase": phase.value for phase in WORKING} | {
    "closed_phase": "closed"
}
"""The moves that lead into a phase."""


def played_exactly(script: Script, playbook: Playbook) -> Times:
    """What an unattended run comes to where every move is made on its minute."""
    when = script.unattended
    done = {move.about: move.at for move in plan(script, playbook) if move.act == "finish"}
    steps = [step for step in playbook.steps if step.required and step.phase != "review"]
    late = [
        step.id
        for step in steps
        if step.id not in done or done[step.id] > when.classify + step.minutes
    ]
    facts = dict.fromkeys(when.facts, True)
    clocks = [
        terms.id
        for law in shipped_regulations().values()
        for terms in law.clocks
        if terms.when.holds(kind=playbook.kind, severity=script.severity, facts=facts)
    ]
    return Times(
        detected=when.open,
        decided=when.decide,
        contained=when.contain,
        missed=tuple(sorted(late)),
        steps=len(steps),
        clocks=tuple(sorted(clocks)),
        phases=tuple(phase.value for phase in PHASES),
    )
