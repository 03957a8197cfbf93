"""Stop-loss switches on the live policy: two persons, the journal says so, and they end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from versions import TEXT

from fengkong.console.approvals.four_eyes import SameEyesError, approve, reject
from fengkong.console.governance.actions import live_version
from fengkong.console.governance.activation import do_change, watch_service
from fengkong.console.governance.models import ServiceChange
from fengkong.console.governance.policy_texts import read_policy
from fengkong.console.incidents import switching
from fengkong.console.incidents.models import Switch
from fengkong.console.incidents.switch_kinds import (
    SwitchRule,
    UnfitSwitchError,
    switched_text,
    terms_of,
)
from fengkong.console.outbox.models import Job
from fengkong.decisions.engine import Engine
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder

pytestmark = pytest.mark.django_db
PROOF = {"kind": "force_challenge", "terms": {"types": ["payment.initiated"]}}
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return timezone.now() + timedelta(hours=hours)


def done() -> None:
    """Switches are brought into line and the service asked, until nothing is left."""
    for _ in range(4):
        switching.apply_switches()
        for change in ServiceChange.objects.filter(state="waiting"):
            do_change(Job(content={"change": change.pk}))
    watch_service()


@pytest.fixture
def switch(service: Any, incident: Any, analyst: Any, senior: Any) -> Callable[..., Switch]:
    def set_one(hours: float = 2, **more: Any) -> Switch:
        terms = {**PROOF, "until": at(hours), "reason": "stop it"} | more
        made, proposal = switching.ask_switch(analyst, incident.pk, **terms)
        approve(senior, proposal.pk)
        made.refresh_from_db()
        return made

    return set_one


def test_a_switch_is_in_the_live_policy_after_two_persons(switch: Any, service: Any) -> None:
    made = switch()
    assert made.state == "setting"
    done()
    made.refresh_from_db()
    assert made.state == "on"
    assert made.policy_hash == service.live["hash"] == live_version().hash
    activation = next(one for one in service.activations if one["hash"] == made.policy_hash)
    assert made.policy_sequence == activation["sequence"]
    rules = {rule.id: rule for rule in read_policy(live_version().text).rules}
    assert rules[made.rule].outcome == "challenge"
    assert service.calls == ["publish"], "done once, however often it is looked at"
    kinds = list(made.incident.timeline.values_list("kind", flat=True))
    assert kinds == ["open_incident", "ask_switch", "set_switch", "switch_on"]


def test_nobody_approves_a_switch_of_their_own(
    service: Any, incident: Any, senior: Any, commander: Any
) -> None:
    _, proposal = switching.ask_switch(senior, incident.pk, **PROOF, until=at(1), reason="now")
    with pytest.raises(SameEyesError):
        approve(senior, proposal.pk)
    reject(commander, proposal.pk, remark="not yet")
    assert Switch.objects.get().state == "refused"
    done()
    assert service.calls == []


def test_who_only_reads_asks_for_none(service: Any, incident: Any, make_operator: Any) -> None:
    with pytest.raises(PermissionDenied):
        switching.ask_switch(
            make_operator("executive"), incident.pk, **PROOF, until=at(1), reason="now"
        )


def test_an_end_before_its_time_takes_two_persons_and_restores_the_policy(
    switch: Any, service: Any, analyst: Any, commander: Any
) -> None:
    made, before = switch(), service.live["hash"]
    done()
    proposal = switching.ask_end(analyst, made.pk, reason="over")
    with pytest.raises(PermissionDenied):
        approve(analyst, proposal.pk)
    done()
    assert service.live["hash"] != before, "still on"
    approve(commander, proposal.pk)
    done()
    made.refresh_from_db()
    assert (made.state, made.ended_why) == ("ended", "over")
    assert service.live["hash"] == before
    assert live_version().text == TEXT


def test_a_switch_ends_by_itself_however_late_a_worker_comes(switch: Any, service: Any) -> None:
    made, before = switch(hours=1), service.live["hash"]
    done()
    assert service.live["hash"] != before
    Switch.objects.update(until=at(-30))
    done()
    made.refresh_from_db()
    assert (made.state, made.ended_why) == ("ended", "ran out")
    assert service.live["hash"] == before


def test_two_switches_stand_together_and_end_apart(
    switch: Any, service: Any, analyst: Any, commander: Any
) -> None:
    first, before = switch(), service.live["hash"]
    done()
    second = switch(kind="stop_above", terms={"types": ["transfer.initiated"], "limit": "1"})
    done()
    rules = {rule.id for rule in read_policy(live_version().text).rules}
    assert {first.rule, second.rule} <= rules
    approve(commander, switching.ask_end(analyst, first.pk, reason="over").pk)
    done()
    rules = {rule.id for rule in read_policy(live_version().text).rules}
    assert second.rule in rules
    assert first.rule not in rules
    approve(commander, switching.ask_end(analyst, second.pk, reason="over").pk)
    done()
    assert service.live["hash"] == before


def test_an_answer_that_was_lost_publishes_nothing_twice(switch: Any, service: Any) -> None:
    made = switch()
    switching.apply_switches()
    service.lose = True
    change = ServiceChange.objects.get(state="waiting")
    with pytest.raises(Exception, match="answer"):
        do_change(Job(content={"change": change.pk}))
    done()
    made.refresh_from_db()
    assert made.state == "on"
    assert service.calls == ["publish"]


def test_a_policy_that_goes_live_meanwhile_gets_the_switch_too(switch: Any, service: Any) -> None:
    made = switch()
    done()
    service.publish(TEXT.replace("version: 1", "version: 7"))
    watch_service()
    assert made.rule not in live_version().text
    done()
    assert made.rule in live_version().text
    assert "version: 7" not in TEXT


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("meteor", {}),
        ("force_challenge", {"types": ["loan.applied"]}),
        ("stop_above", {"types": ["withdrawal.requested"], "limit": "5"}),
        ("freeze_product", {"types": ["payment.initiated"], "field": "x y", "value": "1"}),
        ("freeze_product", {"types": ["payment.initiated"], "field": "fund", "value": ""}),
    ],
)
def test_terms_that_the_policy_cannot_have_are_refused(kind: str, given: dict[str, Any]) -> None:
    with pytest.raises(UnfitSwitchError):
        terms_of(kind, given, policy=read_policy(TEXT))


def transfers() -> str:
    from importlib.resources import files

    return (files("fengkong") / "packs" / "transfers" / "policy.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("limit", ["5", "5 or 1 == 1", "", "-1", "1.234", "１"])
def test_a_limit_is_an_amount(limit: str) -> None:
    policy = read_policy(transfers())
    given = {"types": ["withdrawal.requested"], "limit": limit}
    if limit == "5":
        assert terms_of("stop_above", given, policy=policy)["limit"] == "5"
        return
    with pytest.raises(UnfitSwitchError):
        terms_of("stop_above", given, policy=policy)


@pytest.mark.parametrize(
    ("amount", "when", "outcome"),
    [
        ("5000.00", "2026-11-30T10:00:00Z", "allow"),
        ("5000.01", "2026-11-30T10:00:00Z", "deny"),
        ("5000.01", "2026-11-30T23:59:59Z", "deny"),
        ("5000.01", "2026-12-01T00:00:00Z", "allow"),
    ],
)
def test_what_is_decided_below_at_and_above_the_limit_and_until_its_end(
    amount: str, when: str, outcome: str
) -> None:
    terms = terms_of(
        "stop_above",
        {"types": ["withdrawal.requested"], "limit": "5000"},
        policy=read_policy(transfers()),
    )
    rule = SwitchRule(rule="switch.stop_above_1", kind="stop_above", terms=terms, until=UNTIL)
    policy = read_policy(switched_text(transfers(), [rule]))
    engine = Engine(policy)
    event = Decoder(shipped_catalogue()).decode(
        (
            f'{{"id": "e1", "type": "withdrawal.requested", "occurred_at": "{when}", '
            f'"customer": "c1", "amount": "{amount}", "currency": "CNY"}}'
        ).encode()
    )
    decision = engine.decide(event, engine.new_state())
    assert decision is not None
    assert decision.outcome == outcome
    assert ("switch.stop_above_1" in [hit.rule for hit in decision.hits]) == (outcome == "deny")


def test_models_that_a_policy_carries_stay() -> None:
    text = TEXT + "\n#fengkong.model abc DATA\n"
    switched = switched_text(text, [])
    assert "examples:" not in switched
    assert "#fengkong.model abc DATA" in switched
