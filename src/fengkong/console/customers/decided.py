"""The decision that a customer speaks of, and who had a hand in it."""

from __future__ import annotations

from fengkong.console.actions.models import Action
from fengkong.console.alerts.models import Alert
from fengkong.console.cases.models import Case
from fengkong.console.customers.errors import UnknownDecisionError
from fengkong.console.journaled.models import Decision


def decision_of(event_id: str) -> Decision:
    """The decision about an event; raises UnknownDecisionError."""
    found = Decision.objects.filter(event_id=event_id).first()
    if found is None:
        raise UnknownDecisionError("there is no decision about this event")
    return found


def hands_in(sequence: int) -> list[str]:
    """The operators who had a part in what was done about a decision, by user name.

    Who closed or claimed an alert made of it, who owns, opened or closed a case with it, and who
    asked for an action in such an alert or case. A decision that nobody touched has none.
    """
    alerts = list(Alert.objects.filter(made_of__sequence=sequence))
    cases = list(Case.objects.filter(gathered__sequence=sequence).select_related("owner"))
    names = {name for case in cases for name in (case.opened_by, case.closed_by)}
    names |= {case.owner.username for case in cases if case.owner is not None}
    for alert in alerts:
        names |= {one.username for one in (alert.closed_by, alert.claimed_by) if one is not None}
    acts = Action.objects.filter(
        alert_id__in=[alert.pk for alert in alerts]
    ) | Action.objects.filter(case_id__in=[str(case.pk) for case in cases])
    names |= set(acts.values_list("asked_by__username", flat=True))
    return sorted(name for name in names if name)
