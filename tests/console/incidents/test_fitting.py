"""A playbook is proposed by its triggers; an action of a review changes something that is there."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.console.incidents.test_containing import alert_about
from tests.console.operators import Browser, browser_of

from fengkong.console.incidents.acting import locked
from fengkong.console.incidents.changeable import UnknownChangeError
from fengkong.console.incidents.models import Incident
from fengkong.console.incidents.opening import link, open_incident
from fengkong.console.incidents.reviewing import add_follow_up, finish_follow_up
from fengkong.console.incidents.starting import fitting_playbooks, playbook_choices
from fengkong.console.warnings.models import RaisedWarning, ThresholdChange

pytestmark = pytest.mark.django_db


def english(operator: Any) -> Browser:
    return browser_of(operator, headers={"accept-language": "en"})


def warned(level: str) -> RaisedWarning:
    return RaisedWarning.objects.create(
        indicator="liquidity.net_redemption",
        group="liquidity",
        level=level,
        owner="treasury",
        sentence_zh="净赎回",
        sentence_en="net redemption",
        day=timezone.localdate(),
    )


def test_a_warning_brings_its_playbook_before_that_of_the_kind(commander: Any) -> None:
    about = [("warning", str(warned("red").pk))]
    made = open_incident("system_failure", 3, "Calls", "warning", commander, refers_to=about)
    assert [one.playbook.playbook for one in fitting_playbooks(made)] == [
        "redemption_run",
        "system_failure",
    ]
    assert playbook_choices(made)[0][0] == "redemption_run"
    page = english(commander).get(f"/incidents/{made.pk}/").content.decode()
    assert "Playbook that fits: Redemption run" in page
    assert "Net redemption" in page
    answer = english(commander).post(
        f"/incidents/{made.pk}/do/playbook/", {"playbook": "redemption_run"}
    )
    assert answer.status_code == 302
    page = english(commander).get(f"/incidents/{made.pk}/").content.decode()
    assert "Playbook that fits" not in page


def test_a_level_below_the_trigger_and_too_few_alerts_bring_none(analyst: Any) -> None:
    about = [("warning", str(warned("yellow").pk)), ("alert", alert_about("a" * 32, 1).pk)]
    made = open_incident("system_failure", 3, "Calls", "warning", analyst, refers_to=about)
    assert [one.playbook.playbook for one in fitting_playbooks(made)] == ["system_failure"]
    for number in (2, 3):
        link(made, "alert", alert_about(f"{number:032x}", number).pk, analyst)
    made = Incident.objects.get(pk=made.pk)
    assert fitting_playbooks(made)[0].playbook.playbook == "account_takeover_wave"


def test_an_action_is_done_by_a_version_that_came_after_the_incident(
    incident: Any, analyst: Any
) -> None:
    day = timezone.localdate() + timedelta(days=7)
    more: dict[str, Any] = {"owner": analyst, "due_on": day}
    with pytest.raises(UnknownChangeError):
        add_follow_up(
            analyst, incident.pk, text="x", changes="threshold", target="fraud.meteor", **more
        )
    made = add_follow_up(
        analyst,
        incident.pk,
        text="Lower it",
        changes="threshold",
        target="fraud.failed_sign_ins",
        **more,
    )
    terms = {"indicator": "fraud.failed_sign_ins", "reference": "r", "by": "a", "approved_by": "b"}
    before = timezone.now() - timedelta(days=9)
    ThresholdChange.objects.create(effective_from=before.date(), at=before, **terms)
    old = f"fraud.failed_sign_ins {before.date()}"
    with pytest.raises(UnknownChangeError):
        finish_follow_up(analyst, made.pk, changed=old)
    browser = english(analyst)
    where = f"/incidents/{incident.pk}/do/action-done/{made.pk}/"
    assert "make the change first" in browser.get(where).content.decode()
    change = ThresholdChange.objects.create(effective_from=day, **terms)
    new = f"fraud.failed_sign_ins {change.effective_from}"
    assert browser.post(where, {"changed": old}).status_code == 422
    assert browser.post(where, {"changed": new}).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.changed) == ("done", new)
    page = browser.get(f"/incidents/{incident.pk}/").content.decode()
    assert f'href="/warnings/indicators/fraud.failed_sign_ins/">{new}' in page


def test_a_training_is_told_in_words(incident: Any, analyst: Any) -> None:
    locked(incident.pk, analyst, "incidents.work")
    where = f"/incidents/{incident.pk}/do/"
    browser = english(analyst)
    given = {"text": "Teach it", "thing": "training:", "owner": analyst.pk, "due_on": "2027-01-31"}
    assert browser.post(f"{where}action/", given).status_code == 302
    made = incident.follow_ups.get()
    assert (made.changes, made.target) == ("training", "")
    done = browser.post(f"{where}action-done/{made.pk}/", {"changed": "Course of December"})
    assert done.status_code == 302
    assert browser.post(f"{where}action/", given | {"thing": "rule:no.such"}).status_code == 422
