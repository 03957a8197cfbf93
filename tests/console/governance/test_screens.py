"""Every screen of governance as its people use it, without a browser."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from screens_of_tests import page, signed_in
from service_of_tests import KeptService, operator
from test_versions import STRICTER, ready, run_jobs, shipped
from tests.console.operators import an_hour_later
from versions import TEXT, changed, load

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.approvals.models import Proposal
from fengkong.console.governance.actions import create_draft, live_version, propose_version
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.governance.proposal_words import described

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(ann: Operator) -> Client:
    return signed_in(ann)


def test_the_list(desk: Client, service: KeptService, ann: Operator) -> None:
    create_draft(ann, text=STRICTER, note="lower the limit")
    shown = page(desk, "/policies/")
    assert "payments 1" in shown
    assert "payments 2" in shown
    assert "lower the limit" in shown
    assert "payments 2" not in page(desk, "/policies/?state=live")[shown.index("<table") :]


def test_a_stranger_and_a_reader(service: KeptService) -> None:
    assert Client().get("/policies/").status_code == 302
    eve = signed_in(operator("eve", "executive"))
    live = live_version()
    assert "New draft" not in page(eve, "/policies/")
    page(eve, f"/policies/{live.pk}/")
    page(eve, "/policies/new/", status=403, base=live.pk)
    page(eve, "/policies/roll-back/", status=403, reason="r")
    system = signed_in(operator("sys", "system_admin"))
    page(system, "/policies/", status=403)


def test_begin_write_check_and_propose(
    desk: Client,
    service: KeptService,
    answers: list[Any],
    bob: Operator,
) -> None:
    live = live_version()
    assert "payments 1" in page(desk, f"/policies/new/?base={live.pk}")
    page(desk, "/policies/new/", status=302, base=live.pk, note="try")
    draft = PolicyVersion.objects.get(number=2)
    shown = page(desk, f"/policies/{draft.pk}/edit/")
    assert "data-policy-editor" in shown
    assert "No faults." in shown
    page(desk, f"/policies/{draft.pk}/edit/", status=302, text=STRICTER, edition=1, note="try")
    page(desk, f"/policies/{draft.pk}/check/", status=302, x="1")
    page(desk, f"/policies/{draft.pk}/back-test/", status=302, x="1")
    draft.refresh_from_db()
    assert draft.state == "backtested"
    assert "Extra recall over the live policy" in page(desk, f"/policies/{draft.pk}/")
    page(desk, f"/policies/{draft.pk}/propose/", status=422, mode="live", reason="")
    page(desk, f"/policies/{draft.pk}/propose/", status=302, mode="live", reason="below 5,000")
    assert "waits for a colleague" in page(desk, f"/policies/{draft.pk}/")
    page(desk, f"/policies/{draft.pk}/edit/", status=404)
    (proposal,) = draft_proposals(draft)
    approve(bob, proposal.pk)
    assert "The service is being asked" in page(desk, f"/policies/{draft.pk}/")
    run_jobs()
    assert "live" in page(desk, f"/policies/{draft.pk}/")


def draft_proposals(draft: PolicyVersion) -> list[Any]:
    from fengkong.console.approvals.models import Proposal

    return list(Proposal.objects.filter(content__version_id=draft.pk))


def test_faults_are_shown_at_their_place(desk: Client, ann: Operator) -> None:
    draft = create_draft(ann, text=TEXT)
    broken = changed("amount > 5000", "amonut > 5000")
    line = broken[: broken.index("amonut")].count("\n") + 1
    shown = page(desk, f"/policies/{draft.pk}/faults/", text=broken)
    assert f'data-line="{line}"' in shown
    assert "amonut" in shown
    answer = desk.post(
        f"/policies/{draft.pk}/faults/", {"text": broken}, headers={"accept": "application/json"}
    )
    (fault,) = answer.json()["faults"]
    assert (fault["line"], fault["column"]) == (line, 11)
    assert fault["hint"]
    wrong = changed("expect: {outcome: allow}", "expect: {outcome: deny}")
    assert "No faults." in page(desk, f"/policies/{draft.pk}/faults/", text=wrong)
    assert "No faults." not in page(desk, f"/policies/{draft.pk}/faults/", text=wrong, examples="1")
    page(desk, f"/policies/{draft.pk}/edit/", status=302, text=wrong, edition="1")
    shown = page(desk, f"/policies/{draft.pk}/check/", status=422, x="1")
    assert "a small payment is allowed" in shown


def test_who_is_second_sees_the_difference(desk: Client, ann: Operator, bob: Operator) -> None:
    draft = create_draft(ann, text=TEXT)
    page(signed_in(bob), f"/policies/{draft.pk}/edit/", status=302, text=STRICTER, edition=1)
    shown = page(desk, f"/policies/{draft.pk}/edit/", status=409, edition=1,
                 text=changed("amount > 5000", "amount > 7000"))  # fmt: skip
    assert "bob saved edition 2" in shown
    assert re.search(r"gov-gone.*amount &gt; 4000", shown, re.DOTALL)
    assert re.search(r"gov-come.*amount &gt; 7000", shown, re.DOTALL)
    assert 'name="edition" value="2"' in shown, "saving again is a decision of one's own"


def test_names_for_completion(desk: Client, ann: Operator, answers: list[Any]) -> None:
    draft = create_draft(ann, text=TEXT)
    found = desk.get(f"/policies/{draft.pk}/names/").json()
    assert {"amount", "device_card_distinct_1d", "hour"} <= {one["name"] for one in found["names"]}
    assert found["outcomes"][0]["name"] == "deny"


def test_the_preview(desk: Client, ann: Operator, answers: list[Any]) -> None:
    draft = create_draft(ann, text=TEXT)
    address = f"/policies/{draft.pk}/preview/"
    shown = page(desk, address, rule="amount.large", text=STRICTER)
    assert "This rule would have hit 0 events" in shown
    assert "no fraud is known" in shown
    page(desk, address, rule="amount.large", when="amount > 9")
    assert "amount > 9" in answers[-1]["text"]
    assert "amonut" in page(desk, address, rule="x", text=changed("amount >", "amonut >"))


def test_a_preview_that_is_not_running_says_so(desk: Client, ann: Operator) -> None:
    draft = create_draft(ann, text=TEXT)
    assert "fengkong up" in page(desk, f"/policies/{draft.pk}/preview/", rule="amount.large")


def test_one_rule_as_text_and_as_form(desk: Client, ann: Operator) -> None:
    draft = create_draft(ann, text=TEXT)
    address = f"/policies/{draft.pk}/rules/amount.large/"
    shown = page(desk, address)
    assert 'name="f.0.subject" value="amount"' in shown
    assert 'name="f.1.limit" value="[&#x27;app&#x27;, &#x27;web&#x27;]"' in shown
    rows = {
        "f.join": "any",
        "f.0.subject": "amount",
        "f.0.operator": ">=",
        "f.0.limit": "9000",
        "f.1.subject": "channel",
        "f.1.operator": "==",
        "f.1.limit": "atm",
        "edition": "1",
    }
    shown = page(desk, address, do="rows", **rows)
    assert "amount &gt;= 9000 or channel == &#x27;atm&#x27;" in shown
    assert 'name="f.2.subject"' in page(desk, address, do="add:f", **rows)
    assert 'name="f.2.1.subject"' in page(desk, address, do="group:f", **rows)
    assert 'name="f.1.subject"' not in page(desk, address, do="remove:f.1", **rows)
    empty = rows | {"f.0.limit": ""}
    assert "has no limit" in page(desk, address, do="rows", **empty)
    assert "is no row of a form" in page(desk, address, do="read", when="not amount > 3")
    page(desk, address, status=302, do="save", when="amount > 8000", edition="1")
    draft.refresh_from_db()
    assert draft.text == changed('amount > 5000 and channel in ["app", "web"]', "amount > 8000")
    page(desk, address, status=409, do="save", when="amount > 1", edition="1")
    page(desk, f"/policies/{draft.pk}/rules/no.such/", status=404)


def test_a_rule_from_a_template(desk: Client, ann: Operator) -> None:
    draft = create_draft(ann, text=TEXT)
    address = f"/policies/{draft.pk}/template/"
    page(desk, address, status=302, template="velocity", edition=1)
    page(desk, address, status=302, template="velocity", edition=2)
    draft.refresh_from_db()
    assert [rule.id for rule in load(draft.text).rules][-2:] == [
        *("velocity.customer_hour", "velocity.customer_hour_2")
    ]
    page(desk, address, status=422, template="velocity", rule_id="No Id")


def test_the_difference_in_words(desk: Client, service: KeptService, ann: Operator) -> None:
    looser = create_draft(ann, text=changed("amount > 5000", "amount > 6000"))
    shown = page(desk, f"/policies/{looser.pk}/against/{live_version().pk}/")
    assert "limit of amount from 5000 to 6000" in shown
    assert "1 change lets more through" in shown
    broken = create_draft(ann, text=changed("amount >", "amonut >"))
    assert "only its lines" in page(desk, f"/policies/{broken.pk}/against/{looser.pk}/")
    desk.cookies["django_language"] = "zh-hans"
    assert "放宽" in page(desk, f"/policies/{looser.pk}/against/{live_version().pk}/")


def test_parameters_and_models(desk: Client, service: KeptService) -> None:
    shown = page(desk, "/policies/parameters/")
    assert "limits.cards_per_device" in shown
    assert "FRAUD-12" in shown
    assert "FRAUD-12" not in page(desk, "/policies/parameters/?name=share")
    assert "No model is in use" in page(desk, "/policies/models/")


def test_roll_back_and_stop(
    service: KeptService,
    ann: Operator,
    bob: Operator,
) -> None:
    version = shipped(ann, bob)
    lead = signed_in(bob)
    assert "Roll back" in page(lead, "/policies/")
    page(lead, "/policies/roll-back/", status=302, reason="")
    assert version.changes.count() == 1
    page(lead, "/policies/roll-back/", status=302, reason="too many reviews")
    run_jobs()
    assert live_version().number == 1
    shadow = shipped(ann, bob, text=changed("amount > 5000", "amount > 3000"), mode="shadow")
    page(lead, f"/policies/{shadow.pk}/stop/", status=302, reason="enough")
    run_jobs()
    shadow.refresh_from_db()
    assert shadow.state == "approved"
    page(signed_in(ann), f"/policies/{shadow.pk}/give-up/", status=302, reason="")
    shadow.refresh_from_db()
    assert shadow.state == "retired"


def test_a_form_offers_what_a_version_may_be_proposed_for(
    desk: Client, service: KeptService, ann: Operator, bob: Operator
) -> None:
    def modes(version: PolicyVersion) -> list[str]:
        return re.findall(r'<option value="(shadow|canary|live)"', page(desk, address(version)))

    def address(version: PolicyVersion) -> str:
        return f"/policies/{version.pk}/"

    draft = ready(ann, STRICTER)
    assert modes(draft) == ["shadow", "canary", "live"]
    proposal = propose_version(ann, draft.pk, mode="shadow", reason="more")
    waiting = page(desk, address(draft))
    assert modes(draft) == []
    assert reverse("proposal", args=[proposal.pk]) in waiting
    approve(bob, proposal.pk)
    run_jobs()
    assert modes(draft) == ["canary", "live"]
    assert modes(live_version()) == []


def test_a_canary_is_proposed_shown_and_rolled_back(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    version = ready(ann)
    desk, lead = signed_in(ann), signed_in(bob)
    address = f"/policies/{version.pk}/propose/"
    asked = {"mode": "canary", "reason": "try it"}
    assert "which share" in page(desk, address, status=422, **asked)
    assert "less than or equal to 50" in page(
        desk, address, status=422, share_percent="60", **asked
    )
    page(desk, address, status=302, share_percent="12.5", by="device", **asked)
    (proposal,) = Proposal.objects.all()
    assert "12.5%, dealt out by Device" in str(described(proposal))
    approve(bob, proposal.pk)
    run_jobs()
    assert (service.tried["share"], service.tried["by"]) == (0.125, "device")
    shown = page(lead, "/policies/")
    assert "12.5%</span>, dealt out by Device" in shown
    assert "End the canary?" in shown
    one = page(lead, f"/policies/{version.pk}/")
    assert "for 12.5% of the traffic" in one
    assert f"policy=payments&amp;version={version.number}&amp;flag=canary" in one
    assert one.count("12.5%</span>") == 2, "where it stands, and how it came there"
    page(lead, "/policies/roll-back/", status=302, reason="too many reviews")
    run_jobs()
    version.refresh_from_db()
    assert (version.state, service.tried) == ("approved", None)


def test_who_rolls_back_or_stops_is_asked_again_who_he_is(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    shadow = shipped(ann, bob, mode="shadow")
    lead = signed_in(bob)
    an_hour_later(lead)
    for address in ("/policies/roll-back/", f"/policies/{shadow.pk}/stop/"):
        answer = lead.post(address, {"reason": "r"})
        assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert shadow.changes.count() == 1


def test_the_bench_asks_for_an_event(desk: Client, service: KeptService) -> None:
    live = live_version().pk
    assert "Event id" in page(desk, "/policies/bench/")
    assert "JSON" in page(desk, f"/policies/bench/?version={live}&event=nonsense")
    assert "fengkong up" in page(desk, f"/policies/bench/?version={live}&event_id=e1")


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "\"'><img src=x>", "{{ 7*7 }}"])
def test_hostile_texts_are_only_shown(desk: Client, ann: Operator, hostile: str) -> None:
    text = changed("many cards on a device", '"' + hostile.replace('"', "'") + '"')
    draft = create_draft(ann, text=text, note=hostile)
    for address in ("/policies/", f"/policies/{draft.pk}/", f"/policies/{draft.pk}/edit/"):
        shown = page(desk, address)
        assert "<script>alert" not in shown
        assert "<img src=x>" not in shown
