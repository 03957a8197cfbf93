"""How the desk is organised: teams and skills of operators, terms of alerts, views, hand-over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.claiming import LASTS
from fengkong.console.alerts.closing import WORK, locked_position
from fengkong.console.alerts.models import Alert, AlertTerms, DeskMember, Handover, SavedView
from fengkong.console.alerts.taking import keep_first_terms, known_terms
from fengkong.console.alerts.terms import Terms
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

ORGANISE: Final = "alerts.organise"
VIEWS_MAX: Final = 30
OUTCOMES: Final = ("challenge", "review", "delay", "deny")
HOURS_MAX: Final = 720
SLA_MAX: Final = 10_080


class InvalidTermsError(RiskError):
    """Terms of alerts that cannot be."""

    code = "alerts.invalid_terms"
    hint = "Correct what is named."


class ImpossibleHandoverError(RiskError):
    """A shift cannot be handed over to this operator."""

    code = "alerts.impossible_handover"
    hint = "Choose a colleague who may work alerts."


class TooManyViewsError(RiskError):
    """An operator keeps as many views as is allowed."""

    code = "alerts.too_many_views"
    hint = "Delete one that is no longer used."


def current_terms() -> Terms:
    """The terms for the next decision."""
    return known_terms()(2**62)


def known_team(name: str) -> str:
    """The id of a team; raises InvalidTermsError where there is none of that name."""
    if name not in current_terms().teams:
        raise InvalidTermsError(f"unknown team {name[:40]}")
    return name


@transaction.atomic
def set_terms(operator: Operator, changes: Mapping[str, Any]) -> AlertTerms:
    """Change the terms from here on: what was read before keeps the terms it was read under.

    `changes` may hold outcomes, window_hours, minutes_per_doubling, and by typology a team and
    sla_minutes. Raises PermissionDenied, InvalidTermsError.
    """
    if not operator.may(ORGANISE):
        raise PermissionDenied(ORGANISE)
    keep_first_terms()
    before = AlertTerms.objects.latest("from_sequence")
    content = _changed(before.content, changes)
    made, _new = AlertTerms.objects.update_or_create(
        from_sequence=max(locked_position(), before.from_sequence),
        defaults={"content": content, "set_by": operator.username, "set_at": timezone.now()},
    )
    record(
        operator,
        "set_alert_terms",
        target_kind="alert_terms",
        target=str(made.from_sequence),
        detail={"changes": dict(changes)},
    )
    return made


@transaction.atomic
def set_member(
    organiser: Operator, about: Operator, *, teams: Sequence[str], skills: Sequence[str]
) -> DeskMember:
    """Say in which teams somebody is and what they are skilled in; raises PermissionDenied."""
    if not organiser.may(ORGANISE):
        raise PermissionDenied(ORGANISE)
    member, _new = DeskMember.objects.get_or_create(operator=about)
    before = {"teams": member.teams, "skills": member.skills}
    member.teams, member.skills = list(teams), list(skills)
    member.save()
    record(
        organiser,
        "set_desk_member",
        target_kind="operator",
        target=about.username,
        detail={"before": before, "after": {"teams": member.teams, "skills": member.skills}},
    )
    return member


@transaction.atomic
def set_habits(operator: Operator, habits: Mapping[str, bool]) -> None:
    """How one's own screens behave: `hotkeys` and `auto_advance`."""
    member, _new = DeskMember.objects.get_or_create(operator=operator)
    member.hotkeys = habits.get("hotkeys", member.hotkeys)
    member.auto_advance = habits.get("auto_advance", member.auto_advance)
    member.save()
    record(
        operator,
        "set_desk_habits",
        target_kind="operator",
        target=operator.username,
        detail=dict(habits),
    )


@transaction.atomic
def save_view(operator: Operator, *, name: str, query: str, sharing: str) -> SavedView:
    """Keep a query under a name, `sharing` is own or all; raises TooManyViewsError."""
    if SavedView.objects.filter(operator=operator).count() >= VIEWS_MAX:
        raise TooManyViewsError(f"{VIEWS_MAX} views are kept")
    view, _new = SavedView.objects.update_or_create(
        operator=operator, name=name, defaults={"query": query, "shared": sharing == "all"}
    )
    record(operator, "save_alert_view", target_kind="alert_view", target=str(view.pk))
    return view


@transaction.atomic
def delete_view(operator: Operator, view_id: int) -> None:
    """Forget a view of one's own."""
    if SavedView.objects.filter(operator=operator, pk=view_id).delete()[0]:
        record(operator, "delete_alert_view", target_kind="alert_view", target=str(view_id))


def possible_takers(giver: Operator) -> list[Operator]:
    """The colleagues who may take a shift over."""
    others = Operator.objects.filter(is_active=True).exclude(pk=giver.pk)
    return [one for one in others if one.may(WORK)]


@transaction.atomic
def hand_over(giver: Operator, taker: Operator, *, note: str) -> Handover:
    """Give one's open claims to a colleague, with a note; raises ImpossibleHandoverError."""
    if not giver.may(WORK):
        raise PermissionDenied(WORK)
    if taker.pk == giver.pk or not taker.may(WORK):
        raise ImpossibleHandoverError(f"{taker} cannot take alerts")
    now = timezone.now()
    mine = Alert.objects.filter(claimed_by=giver, claimed_until__gt=now, state=Alert.State.OPEN)
    count = mine.update(claimed_by=taker, claimed_at=now, claimed_until=now + LASTS)
    made = Handover.objects.create(giver=giver, taker=taker, note=note.strip(), alerts=count)
    record(
        giver,
        "hand_over_shift",
        target_kind="operator",
        target=taker.username,
        detail={"count": count},
    )
    return made


@transaction.atomic
def read_handover(operator: Operator, handover_id: int) -> None:
    """Say that one has read what was handed over."""
    mine = Handover.objects.filter(pk=handover_id, taker=operator, read_at=None)
    if mine.update(read_at=timezone.now()):
        record(operator, "read_handover", target_kind="handover", target=str(handover_id))


def _changed(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {**content, "typologies": dict(content["typologies"])}
    for name, value in changes.items():
        if name == "outcomes":
            if not set(value) <= set(OUTCOMES):
                raise InvalidTermsError(f"unknown outcomes among {value}")
            made["outcomes"] = list(value)
        elif name in {"window_hours", "minutes_per_doubling"}:
            made[name] = _whole(name, value, most=HOURS_MAX)
        elif name == "typologies":
            for typology, said in value.items():
                made["typologies"][typology] = _typology(content, typology, said)
        else:
            raise InvalidTermsError(f"unknown term {name}")
    return made


def _typology(content: Mapping[str, Any], name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    known = content["typologies"].get(name)
    if known is None:
        raise InvalidTermsError(f"unknown typology {name}")
    team = said.get("team", known["team"])
    if team not in content["teams"]:
        raise InvalidTermsError(f"unknown team {team}")
    minutes = _whole("sla_minutes", said.get("sla_minutes", known["sla_minutes"]), most=SLA_MAX)
    return {**known, "team": team, "sla_minutes": minutes}


def _whole(name: str, value: object, *, most: int) -> int:
    if not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidTermsError(f"{name} is between 1 and {most:,}")
    return value
