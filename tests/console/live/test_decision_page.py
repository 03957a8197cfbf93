"""A decision's page beside a real service: reasons, trace, masks, proof, replay."""

import re
import time

import pytest
from django.test import Client
from django.utils.translation import override
from tests.console.live.conftest import Beside
from tests.console.operators import sign_in

from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.audit.models import AuditEntry
from fengkong.console.insiders.models import LookUp
from fengkong.console.journaled.models import Decision
from fengkong.console.live.judgement import Judgement
from fengkong.core.bilingual import Bilingual
from fengkong.events.event import Event


def text_of(answer: object) -> str:
    """What a reader sees: no tags, blanks made one."""
    content = answer.content.decode()
    content = re.sub(r"<(script|style)\b.*?</\1>", " ", content, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


def decided(**wanted: object) -> Decision:
    return Decision.objects.filter(**wanted).latest("sequence")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_says_why_in_the_readers_language(
    desk: Client, beside: Beside, language: str
) -> None:
    desk.cookies["django_language"] = language
    seen = text_of(desk.get(f"/decisions/{decided(outcome='review').sequence}/"))
    sentence = "payments in an hour" if language == "en" else "一小时内"
    assert sentence in seen
    assert ("Many in a short time" if language == "en" else "短时多笔") in seen
    assert ("Small policy" if language == "en" else "小策略") in seen


def test_the_trace_tells_what_hit_what_missed_and_what_could_not_be_known(
    desk: Client, beside: Beside
) -> None:
    without_device = [event["id"] for event in beside.events if "device" not in event]
    row = decided(event_id__in=without_device)
    answer = desk.get(f"/decisions/{row.sequence}/")
    verdicts = {trace.rule: trace.verdict for trace in answer.context["traces"]}
    assert verdicts == {"fast": "hit", "large": "no", "device": "unknown"}
    (fast,) = [trace for trace in answer.context["traces"] if trace.rule == "fast"]
    assert fast.condition == "card_count_1h > 8"
    assert [(seen.operator, seen.limit) for seen in fast.seen] == [(">", "8")]
    (device,) = [trace for trace in answer.context["traces"] if trace.rule == "device"]
    assert len(device.missing) == 1
    assert "could not be known" in text_of(answer)


def test_who_it_is_stays_hidden(desk: Client, beside: Beside) -> None:
    for row in Decision.objects.all():
        answer = desk.get(f"/decisions/{row.sequence}/")
        content = answer.content.decode()
        assert "13800138000" not in content
        assert "6222000000000" not in content
        assert "dev-" not in content
    masked = [field for field in answer.context["fields"] if field.masked]
    assert {"phone", "card"} <= {field.name for field in masked}


def test_features_are_shown_with_their_meaning(desk: Client, beside: Beside) -> None:
    answer = desk.get(f"/decisions/{decided().sequence}/")
    shown = {one.name: one for one in answer.context["features"]}
    assert set(shown) == {
        *("card_count_1h", "card_amount_sum_24h", "device_card_distinct_7d"),
        *("customer_merchant_last", "busy"),
    }
    assert shown["card_count_1h"].declared == "count() over card last 1h"
    assert shown["card_amount_sum_24h"].value.startswith("¥")
    assert shown["customer_merchant_last"].missing
    assert shown["busy"].value == "yes"


def test_the_shadows_decision_is_set_beside(desk: Client, beside: Beside) -> None:
    row = decided(shadow_outcome="review", outcome="allow")
    answer = desk.get(f"/decisions/{row.sequence}/")
    shown = answer.context["beside"]
    assert (shown.outcome, shown.other_outcome, shown.policy) == ("allow", "review", "small 2")
    assert (shown.only_here, shown.only_there) == ((), ("fast",))


def test_a_label_shows(desk: Client, beside: Beside) -> None:
    row = decided(event_id=beside.events[3]["id"])
    assert "Confirmed fraud" in text_of(desk.get(f"/decisions/{row.sequence}/"))


def test_a_replay_shows_that_the_bytes_agree(desk: Client, beside: Beside) -> None:
    row = decided(outcome="review")
    answer = desk.post(f"/decisions/{row.sequence}/replay/")
    found = answer.context["replay"]
    assert (found.equal, found.same_record, found.differences) == (True, True, [])
    assert found.recorded == found.derived
    assert found.recorded.length > 300
    assert "The bytes agree" in text_of(answer)
    assert "13800138000" not in answer.content.decode()
    entry = AuditEntry.objects.latest("sequence")
    assert (entry.actor, entry.action, entry.target) == (
        "ann",
        "replay_decision",
        str(row.sequence),
    )


def test_a_replay_that_differs_says_where(
    desk: Client, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the journal holds is changed on its way to the comparison."""
    from fengkong.console.live.views import decision as views

    row = decided(outcome="review")
    real = views.clear_entry

    def changed(sequence: int) -> object:
        entry = real(sequence)
        entry.decision["points"] = 41.0
        return entry

    monkeypatch.setattr(views, "clear_entry", changed)
    answer = desk.post(f"/decisions/{row.sequence}/replay/")
    found = answer.context["replay"]
    assert (found.equal, found.same_record) == (True, False)
    assert [(one.path, one.one, one.other) for one in found.differences] == [
        ("$.points", 41.0, 40.0)
    ]
    assert "The bytes differ" in text_of(answer)


def test_the_proof_is_checked_here(
    desk: Client, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Decision.objects.earliest("sequence")
    deadline = time.monotonic() + 30
    while "proof" not in (answer := desk.get(f"/decisions/{row.sequence}/proof/")).context:
        assert time.monotonic() < deadline, text_of(answer)
        time.sleep(0.5)  # the service signs its ledger every ten seconds
    proof = answer.context["proof"]
    assert proof.signed
    assert proof.sequence == row.sequence <= proof.size
    assert "The proof holds" in text_of(answer)

    from dataclasses import replace

    from fengkong.console.live.views import decision as views

    real = views.clear_entry
    monkeypatch.setattr(
        views, "clear_entry", lambda n: replace(real(n), leaf_bytes=real(n).leaf_bytes + b" ")
    )
    answer = desk.get(f"/decisions/{row.sequence}/proof/")
    assert "proof" not in answer.context
    assert "The proof holds" not in text_of(answer)


def test_looking_up_a_value_leaves_no_trace_in_the_address(desk: Client, beside: Beside) -> None:
    answer = desk.post("/decisions/look-up/", {"entity": "card", "value": "6222000000000001"})
    assert answer.status_code == 302
    assert "6222" not in answer["Location"]
    page = desk.get(answer["Location"])
    mine = [one["id"] for one in beside.events if one["card"] == "6222000000000001"]
    assert {row.event_id for row in page.context["page"].rows} == set(mine)
    assert page.context["total"].count == len(mine)
    entry = AuditEntry.objects.latest("sequence")
    assert (entry.action, entry.target) == ("look_up_value", "card")
    assert b"6222" not in bytes(entry.leaf)


def test_who_may_not_replay_does_not(beside: Beside, client: Client) -> None:
    operator = Operator.objects.create_user("eve")
    RoleGrant.objects.create(operator=operator, role="executive")
    sign_in(client, operator)
    row = decided()
    assert client.get(f"/decisions/{row.sequence}/").status_code == 200
    assert client.post(f"/decisions/{row.sequence}/replay/").status_code == 403


def test_what_was_not_decided_is_not_there(desk: Client, beside: Beside) -> None:
    assert desk.get("/decisions/999999/").status_code == 404
    assert desk.get("/decisions/999999/proof/").status_code == 404
    assert desk.post("/decisions/999999/replay/").status_code == 404


def test_looking_at_a_decision_is_counted(desk: Client, beside: Beside, analyst: Operator) -> None:
    rows = list(Decision.objects.order_by("sequence")[:3])
    for row in rows:
        desk.get(f"/decisions/{row.sequence}/")
    desk.get(f"/decisions/{rows[-1].sequence}/")
    assert LookUp.objects.get(operator=analyst, what="decision").count == 3


def test_who_may_reveal_is_offered_to(desk: Client, beside: Beside) -> None:
    content = desk.get(f"/decisions/{decided().sequence}/").content.decode()
    assert "/personal/reveal/" in content
    assert "138****8000" in content


@pytest.mark.parametrize(
    ("value", "limit", "operator"),
    [(False, False, ""), (True, True, ""), (False, True, "应为"), (3, 3, "应为")],
)
def test_a_yes_that_had_to_be_one_is_said_once(value: object, limit: object, operator: str) -> None:
    event = Event(id="e", type="payment.initiated", occurred_at=0)
    judged = Judgement({"features": {}}, event=event, policy=None)
    text = Bilingual(zh="x", en="x")
    with override("zh-hans"):
        one = judged._seen(
            {"name": "is_new", "operator": "is", "value": value, "limit": limit, "text": text}
        )
    assert one.operator == operator
    assert bool(one.limit) == bool(operator)
