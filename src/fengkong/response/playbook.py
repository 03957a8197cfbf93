"""Playbooks: what is done, by whom and by when, for one kind of incident; read strictly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal, cast

import msgspec

from fengkong.response.kinds import shipped_scale
from fengkong.response.phases import WORKING
from fengkong.response.strict import Reader, Record, Text, document_of, read_all
from fengkong.response.triggers import Trigger, check_triggers

Part = Literal[
    "commander",
    "scribe",
    "technical",
    "fraud",
    "funds",
    "liaison",
    "communication",
    "legal",
    "customer",
]
PhaseName = Literal["identify", "assess", "decide", "contain", "recover", "review"]
Audience = Literal["customers", "partners", "press", "regulator", "staff"]
SwitchName = Literal["stop_above", "freeze_product", "force_challenge", "read_only"]
STEPS_MAX: Final = 80
MINUTES_MAX: Final = 60 * 24 * 60


class Role(Record, frozen=True):
    """A part, and what whoever has it is there for."""

    part: Part
    duty: Text


class Step(Record, frozen=True):
    """Something to do; `minutes` is the time for it from the start of the playbook."""

    id: str
    phase: PhaseName
    part: Part
    minutes: int
    title: Text
    detail: Text
    required: bool = True
    switch: SwitchName | None = None


class Contact(Record, frozen=True):
    """Whom to call, and what for; numbers are the firm's own and are kept by it."""

    who: Text
    why: Text


class Message(Record, frozen=True):
    """Who hears what when; `template` is one of `packs/response/messages.yaml`."""

    audience: Audience
    template: str
    when: Text


class Exit(Record, frozen=True):
    """What must be so before the incident is over."""

    id: str
    text: Text


class Reference(Record, frozen=True):
    """Where it comes from."""

    source: str
    part: str


class Playbook(Record, frozen=True):
    """One playbook; `severity` is the level at which it is usually started."""

    playbook: str
    version: int
    kind: str
    severity: int
    title: Text
    summary: Text
    triggers: tuple[Trigger, ...]
    roles: tuple[Role, ...]
    steps: tuple[Step, ...]
    resources: tuple[Text, ...]
    contacts: tuple[Contact, ...]
    communication: tuple[Message, ...]
    exit: tuple[Exit, ...]
    references: tuple[Reference, ...]
    techniques: tuple[str, ...] = ()

    def steps_of(self, phase: str) -> tuple[Step, ...]:
        """The steps of a phase, in order."""
        return tuple(step for step in self.steps if step.phase == phase)

    @property
    def hash(self) -> str:
        """SHA-256 of its content, whatever its layout and comments."""
        return content_hash(cast("Mapping[str, Any]", msgspec.to_builtins(self)))


_LISTS: Final[dict[str, Any]] = {
    "triggers": Trigger,
    "roles": Role,
    "steps": Step,
    "resources": Text,
    "contacts": Contact,
    "communication": Message,
    "exit": Exit,
    "references": Reference,
}


def content_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of content with sorted keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_playbook(text: str, source: str) -> Playbook:
    """The playbook in a text; raises one FaultsError with every fault at its line."""
    reader = Reader(document_of(text, source=source))
    data = reader.document.data
    assert isinstance(data, dict), "checked when it was read"
    lists = {name: reader.parts(data.get(name), kind, name) for name, kind in _LISTS.items()}
    head = {name: value for name, value in data.items() if name not in _LISTS}
    made = reader.part(head | dict.fromkeys(_LISTS, ()), Playbook)
    for name in _LISTS:
        if not data.get(name):
            reader.fault(f"a playbook needs {name}", name)
    if made is not None:
        _check_head(reader, made)
    check_triggers(reader, lists["triggers"])
    _check_steps(reader, lists["steps"], roles={role.part for role in lists["roles"]})
    reader.unique([one.id for one in lists["exit"]], "exit")
    reader.unique([one.part for one in lists["roles"]], "roles")
    reader.finish()
    assert made is not None, "its absence is a fault"
    return msgspec.structs.replace(made, **lists)


def _check_head(reader: Reader, made: Playbook) -> None:
    scale = shipped_scale()
    if made.kind not in scale.kinds:
        reader.fault(f"there is no kind of incident {made.kind[:40]!r}", "kind")
    if made.severity not in scale.severities:
        reader.fault("severity is 1 to 4", "severity")
    if made.version < 1:
        reader.fault("a version is a whole number from 1", "version")


def _check_steps(reader: Reader, steps: tuple[Step, ...], *, roles: set[str]) -> None:
    """Every phase has a step, steps stand in the order of phases, and their parts are given."""
    reader.unique([step.id for step in steps], "steps")
    if len(steps) > STEPS_MAX:
        reader.fault(f"more than {STEPS_MAX} steps", "steps")
    order = [phase.value for phase in WORKING]
    last = 0
    for place, step in enumerate(steps):
        at = order.index(step.phase)
        if at < last:
            reader.fault(f"{step.id} is of an earlier phase than the step before", "steps", place)
        last = max(last, at)
        if step.part not in roles:
            reader.fault(f"{step.id} is for a part that has no role", "steps", place, "part")
        if not 0 < step.minutes <= MINUTES_MAX:
            reader.fault("minutes are from 1 to sixty days", "steps", place, "minutes")
    for phase in order:
        if steps and not any(step.phase == phase for step in steps):
            reader.fault(f"no step for the phase {phase}", "steps")
    if roles and "commander" not in roles:
        reader.fault("somebody commands: a role for the commander is missing", "roles")


@cache
def shipped_playbooks() -> Mapping[str, tuple[Playbook, str]]:
    """The playbooks that come with Fengkong with their texts, by name."""
    read = read_all("playbooks", lambda text, source: (read_playbook(text, source), text))
    return {made.playbook: (made, text) for made, text in read.values()}
