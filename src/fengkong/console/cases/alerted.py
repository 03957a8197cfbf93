"""The alerts of cases: all that cases ask of the app of alerts.

An alert names its case (`case_id`); nothing here changes anything else of an alert but by the
functions of its own app.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.urls import NoReverseMatch, reverse

from fengkong.console.alerts.closing import dispose as dispose_alerts
from fengkong.console.alerts.models import Alert, AlertDecision
from fengkong.console.alerts.terms import OTHER, Terms, reason_codes, shipped_content
from fengkong.console.cases.models import Case
from fengkong.console.shell.spoken import said

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

BY_HAND: Final = OTHER
"""The typology of a case that nobody has named yet."""


def alerts_of(case: Case) -> list[Alert]:
    """The alerts of a case, the newest first."""
    return list(Alert.objects.filter(case_id=str(case.pk)).order_by("-newest_at"))


def chosen_alerts(alert_ids: Sequence[str]) -> list[Alert]:
    """These alerts, locked, those with the highest expected loss first."""
    found = Alert.objects.select_for_update().filter(pk__in=list(alert_ids))
    return sorted(found, key=lambda alert: (-alert.expected_loss_minor, alert.pk))


def sequences_of(alert_ids: Sequence[str]) -> list[int]:
    """The decisions of these alerts."""
    found = AlertDecision.objects.filter(alert_id__in=list(alert_ids))
    return sorted(set(found.values_list("sequence", flat=True)))


def name_case(alert_ids: Sequence[str], case: Case) -> None:
    """These alerts belong to the case from now on."""
    Alert.objects.filter(pk__in=list(alert_ids)).update(case_id=str(case.pk))


def move_alerts(source: Case, target: Case, *, sequences: Sequence[int] | None = None) -> int:
    """Give the alerts of a case to another: all, or those of some decisions. How many."""
    found = Alert.objects.filter(case_id=str(source.pk))
    if sequences is not None:
        among = AlertDecision.objects.filter(sequence__in=list(sequences))
        found = found.filter(pk__in=list(among.values_list("alert_id", flat=True)))
    return found.update(case_id=str(target.pk))


def whole_alerts(case: Case, sequences: set[int]) -> set[int]:
    """These decisions, and all others of the case's alerts that they belong to."""
    if not sequences:
        return set()
    mine = AlertDecision.objects.filter(alert__case_id=str(case.pk))
    names = list(mine.filter(sequence__in=list(sequences)).values_list("alert_id", flat=True))
    whole = mine.filter(alert_id__in=names)
    return sequences | set(whole.values_list("sequence", flat=True))


def dispose(
    case: Case, *, outcome: str, reason_code: str, operator: Operator, remark: str
) -> list[str]:
    """Close the open alerts of a case alike; which. Raises what closing alerts raises."""
    found = Alert.objects.filter(case_id=str(case.pk)).exclude(state=Alert.State.CLOSED)
    names = list(found.order_by("pk").values_list("pk", flat=True))
    if names:
        dispose_alerts(names, outcome, reason_code, operator, remark=remark)
    return names


def decisions_of_alerts(case: Case) -> set[int]:
    """The decisions of a case that an alert of it was made of."""
    mine = AlertDecision.objects.filter(alert__case_id=str(case.pk))
    return set(mine.values_list("sequence", flat=True))


def is_reason(code: str, *, of: str) -> bool:
    """Whether a reason code goes with a disposition."""
    known = reason_codes().get(code)
    return known is not None and of in known.dispositions


def reasons() -> list[tuple[str, str]]:
    """Every reason code with its title, in the reader's language."""
    return [(code, said(one.title)) for code, one in reason_codes().items()]


def reason_title(code: str) -> str:
    """What a reason code is called."""
    known = reason_codes().get(code)
    return code if known is None else said(known.title)


def typologies() -> list[tuple[str, str]]:
    """Every typology with its title, in the reader's language."""
    known = Terms(shipped_content()).typologies
    return [(name, said(one.title)) for name, one in known.items()]


def typology_title(name: str) -> str:
    """What a typology is called; its name where it is not known."""
    known = Terms(shipped_content()).typologies.get(name)
    return name if known is None else said(known.title)


def address_of(alert: Alert) -> str:
    """The alert's page."""
    try:
        return reverse("alerts:alert", args=[alert.pk])
    except NoReverseMatch:
        return ""
