"""What an investigation goes through, by typology: data of a pack, dated, ticked by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.cases.errors import UnknownStepError
from fengkong.console.cases.models import TARGET, Case, ChecklistTick
from fengkong.console.cases.opening import demand_work, open_case
from fengkong.core.bilingual import Bilingual
from fengkong.events.documents import load_document

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

_FILE: Final = "packs/cases/checklists.yaml"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, and what it rests on."""

    id: str
    title: Bilingual
    rests_on: Bilingual


@dataclass(frozen=True, slots=True)
class Checklist:
    """The lists that count from a day on: what every case goes through, and more by typology."""

    since: date
    always: tuple[Step, ...]
    by_typology: Mapping[str, tuple[Step, ...]]

    def steps(self, typology: str) -> tuple[Step, ...]:
        """The steps of a typology, those of all first."""
        return self.always + self.by_typology.get(typology, ())


@dataclass(frozen=True, slots=True)
class TickedStep:
    """A step of a case and what became of it; None where nobody was at it."""

    step: Step
    tick: ChecklistTick | None


@cache
def shipped_checklists() -> tuple[Checklist, ...]:
    """Every list that comes with Fengkong, the oldest first."""
    text = (files("fengkong") / _FILE).read_text(encoding="utf-8")
    return parse_checklists(load_document(text, source=_FILE).data)


def parse_checklists(data: Any) -> tuple[Checklist, ...]:
    """Lists from plain data, the oldest first; raises KeyError, ValueError on other shapes."""
    found = [
        Checklist(
            since=date.fromisoformat(one["from"]),
            always=_steps(one["always"]),
            by_typology={name: _steps(steps) for name, steps in one["typologies"].items()},
        )
        for one in data["checklists"]
    ]
    return tuple(sorted(found, key=lambda one: one.since))


def checklist_at(opened_at: datetime, *, among: Sequence[Checklist] | None = None) -> Checklist:
    """The list that counts for a case of a day; for one older than every list, the first."""
    lists = shipped_checklists() if among is None else among
    day = timezone.localdate(opened_at)
    counting = [one for one in lists if one.since <= day]
    return counting[-1] if counting else lists[0]


def ticked_steps(case: Case) -> list[TickedStep]:
    """The steps of a case in order, with what became of each."""
    ticks = {tick.item: tick for tick in case.ticks.all()}
    steps = checklist_at(case.opened_at).steps(case.typology)
    return [TickedStep(step, ticks.get(step.id)) for step in steps]


@transaction.atomic
def tick(operator: Operator, case_id: int, item: str, state: str) -> None:
    """Write down what became of a step; an empty state takes the tick back.

    Raises PermissionDenied, ClosedCaseError, UnknownStepError.
    """
    demand_work(operator)
    case = open_case(case_id)
    steps = {step.id for step in checklist_at(case.opened_at).steps(case.typology)}
    if item not in steps or state not in ("", *ChecklistTick.State.values):
        raise UnknownStepError(f"{item[:64]!r} is no step of case {case.pk}")
    before = ChecklistTick.objects.filter(case=case, item=item).first()
    if state:
        ChecklistTick.objects.update_or_create(
            case=case,
            item=item,
            defaults={"state": state, "by": operator.username, "at": timezone.now()},
        )
    elif before is not None:
        before.delete()
    record(
        operator,
        "tick_step",
        target_kind=TARGET,
        target=str(case.pk),
        detail={
            "step": item,
            "before": {"state": before.state if before else ""},
            "after": {"state": state},
        },
    )


def _steps(data: Mapping[str, Any]) -> tuple[Step, ...]:
    return tuple(
        Step(name, Bilingual(**one["title"]), Bilingual(**one["of"])) for name, one in data.items()
    )
