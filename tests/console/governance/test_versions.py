"""The life of a version: who may do what, what the ledger keeps, and what the service runs."""

import json
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.utils import translation
from service_of_tests import KeptService, operator
from versions import TEXT, changed, load

from fengkong.client.errors import UnreachableError
from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import SameEyesError, acts, approve, reject, withdraw
from fengkong.console.audit.actions import known_actions
from fengkong.console.audit.models import AuditEntry
from fengkong.console.governance import actions, activation
from fengkong.console.governance.actions import (
    ChangedProposalError,
    ForeignPolicyError,
    InvalidCanaryShareError,
    StaleDraftError,
    abandon_version,
    canary_step,
    check_version,
    create_draft,
    live_version,
    note_backtest,
    propose_version,
    recorded_as,
    roll_back,
    save_draft,
    stop_version,
)
from fengkong.console.governance.activation import do_change, note_seen, watch_service
from fengkong.console.governance.models import PolicyVersion, ServiceChange, VersionStep
from fengkong.console.governance.service_view import drifts, last_seen
from fengkong.console.governance.states import RefusedStepError, Step
from fengkong.console.insiders.watches import LOOSENING
from fengkong.console.outbox.jobs import GiveUpError
from fengkong.console.outbox.models import Job
from fengkong.core.errors import FaultsError
from fengkong.decisions.engine import Engine
from fengkong.evaluation.held_history import HeldHistory
from fengkong.evaluation.preview import preview_rule

pytestmark = pytest.mark.django_db

STRICTER = changed("amount > 5000", "amount > 4000")
LOOSER = changed("amount > 5000", "amount > 6000")


def run_jobs() -> None:
    """Do what was promised, as the worker does: outside of the transaction that promised it."""
    for job in Job.objects.filter(kind=actions.JOB, state=Job.State.WAITING).order_by("pk"):
        do_change(job)
        job.state = Job.State.DONE
        job.save()


def ledger() -> list[tuple[str, str]]:
    leaves = [json.loads(bytes(one.leaf)) for one in AuditEntry.objects.order_by("sequence")]
    return [(leaf["actor"], leaf["action"]) for leaf in leaves]


def ready(by: Operator, text: str = STRICTER) -> PolicyVersion:
    draft = create_draft(by, text=text)
    return check_version(by, draft.pk)


def shipped(
    ann: Operator, bob: Operator, text: str = STRICTER, mode: str = "live"
) -> PolicyVersion:
    version = ready(ann, text)
    approve(bob, propose_version(ann, version.pk, mode=mode, reason="more").pk)
    run_jobs()
    version.refresh_from_db()
    return version


def test_what_the_service_runs_is_imported(service: KeptService) -> None:
    live = live_version()
    assert live is not None
    assert (live.name, live.number, live.origin, live.text) == ("payments", 1, "service", TEXT)
    assert ledger() == [("service", "import_policy"), ("service", "go_live_policy")]
    watch_service()
    assert PolicyVersion.objects.count() == 1


def test_from_a_draft_to_live(service: KeptService, ann: Operator, bob: Operator) -> None:
    old = live_version()
    draft = create_draft(ann, text=STRICTER, note="lower limit", base=old)
    assert (draft.number, draft.state) == (2, "draft")
    assert "version: 2" in draft.text
    check_version(ann, draft.pk)
    note_backtest(ann, draft.pk, edition=draft.edition, report={"events": 3})
    proposal = propose_version(ann, draft.pk, mode="live", reason="fraud below 5,000")
    assert proposal.content["backtested"] is True
    assert proposal.content["loosens"] == []
    approve(bob, proposal.pk)
    draft.refresh_from_db()
    assert draft.state == "approved", "the service has not done it yet"
    assert ServiceChange.objects.get().state == "waiting"
    run_jobs()
    draft.refresh_from_db()
    assert draft.state == "live"
    assert draft.was_live_at is not None
    assert service.live["hash"] == draft.hash
    old.refresh_from_db()
    assert old.state == "retired"
    assert [one.step for one in draft.steps.all()] == [
        *("create", "check", "backtest", "propose", "approve", "go_live")
    ]
    assert [entry for entry in ledger() if entry[0] in ("ann", "bob")] == [
        ("ann", "create_policy_draft"),
        ("ann", "check_policy"),
        ("ann", "backtest_policy"),
        ("ann", "propose_activate_policy"),
        ("bob", "approve_activate_policy"),
        ("bob", "replace_policy"),
        ("bob", "go_live_policy"),
    ]
    assert drifts(last_seen()) == ()


def test_who_proposes_does_not_approve(service: KeptService, bob: Operator) -> None:
    proposal = propose_version(bob, ready(bob).pk, mode="live", reason="r")
    with pytest.raises(SameEyesError):
        approve(bob, proposal.pk)
    assert service.calls == []


@pytest.mark.parametrize("decide", [reject, withdraw])
def test_a_proposal_that_is_not_approved_may_be_edited_again(
    service: KeptService, ann: Operator, bob: Operator, decide: Any
) -> None:
    version = ready(ann)
    proposal = propose_version(ann, version.pk, mode="live", reason="r")
    with pytest.raises(RefusedStepError):
        save_draft(ann, version.pk, edition=1, text=LOOSER)
    if decide is reject:
        reject(bob, proposal.pk, remark="not now")
    else:
        withdraw(ann, proposal.pk)
    version.refresh_from_db()
    assert version.state == "draft"
    assert save_draft(ann, version.pk, edition=1, text=LOOSER).edition == 2


def test_a_second_proposal_waits_for_the_first(service: KeptService, ann: Operator) -> None:
    version = ready(ann)
    propose_version(ann, version.pk, mode="shadow", reason="r")
    with pytest.raises(RefusedStepError, match="already waits"):
        propose_version(ann, version.pk, mode="live", reason="r")


def test_what_loosens_is_told_to_the_approver(service: KeptService, ann: Operator) -> None:
    proposal = propose_version(ann, ready(ann, LOOSER).pk, mode="live", reason="r")
    (loose,) = proposal.content["loosens"]
    assert "5000 to 6000" in loose["en"]
    assert proposal.content["against"] == "payments 1"
    assert ("ann", "propose_loosening_policy") in ledger()
    assert "propose_loosening_policy" in LOOSENING
    with translation.override("zh-hans"):
        facts = {str(name): str(value) for name, value in acts()[actions.ACT].describe(proposal)}
    assert "5000" in str(facts["放宽之处"])
    assert "payments 2" in str(facts["版本"])
    assert facts["回测"] == "尚未回测。"


def test_what_the_back_test_said_is_told_to_the_approver(
    service: KeptService, ann: Operator
) -> None:
    version = ready(ann)
    held = HeldHistory.begin(Engine(load()))
    report = preview_rule(held, load(STRICTER), None).to_data()
    note_backtest(ann, version.pk, edition=1, report=report)
    proposal = propose_version(ann, version.pk, mode="live", reason="r")
    with translation.override("zh-hans"):
        facts = {str(name): str(value) for name, value in acts()[actions.ACT].describe(proposal)}
    assert "0 个事件" in str(facts["回测"])


def test_two_who_edit_at_once(ann: Operator, bob: Operator) -> None:
    draft = create_draft(ann, text=TEXT)
    save_draft(ann, draft.pk, edition=1, text=STRICTER)
    with pytest.raises(StaleDraftError) as caught:
        save_draft(bob, draft.pk, edition=1, text=LOOSER)
    assert caught.value.current.text == STRICTER.replace("version: 2", "version: 1")
    assert save_draft(bob, draft.pk, edition=2, text=LOOSER).edition == 3


def test_a_save_takes_check_and_backtest_back(ann: Operator) -> None:
    draft = ready(ann)
    note_backtest(ann, draft.pk, edition=1, report={"events": 1})
    saved = save_draft(ann, draft.pk, edition=1, text=LOOSER)
    assert (saved.state, saved.backtest) == ("draft", None)
    with pytest.raises(RefusedStepError):
        propose_version(ann, draft.pk, mode="live", reason="r")
    with pytest.raises(StaleDraftError):
        note_backtest(ann, draft.pk, edition=1, report={})


def test_faults_are_saved_and_not_checked(ann: Operator) -> None:
    draft = create_draft(ann, text=changed("amount > 5000", "amonut > 5000"))
    assert draft.hash == ""
    with pytest.raises(FaultsError, match="amonut"):
        check_version(ann, draft.pk)
    wrong = create_draft(ann, text=changed("expect: {outcome: allow}", "expect: {outcome: deny}"))
    with pytest.raises(FaultsError):
        check_version(ann, wrong.pk)


def test_a_text_keeps_its_policy(ann: Operator) -> None:
    draft = create_draft(ann, text=TEXT)
    with pytest.raises(ForeignPolicyError):
        save_draft(ann, draft.pk, edition=1, text=changed("policy: payments", "policy: other"))
    with pytest.raises(ForeignPolicyError):
        create_draft(ann, text="a: 1")


@pytest.mark.parametrize("role", ["compliance_officer", "executive", "system_admin"])
def test_who_may_not_write(role: str) -> None:
    with pytest.raises(PermissionDenied):
        create_draft(operator("eve", role), text=TEXT)


def test_only_who_activates_rolls_back(service: KeptService, ann: Operator) -> None:
    with pytest.raises(PermissionDenied):
        roll_back(ann, reason="r")


def test_a_rollback_is_one_act(service: KeptService, ann: Operator, bob: Operator) -> None:
    version, old = shipped(ann, bob), PolicyVersion.objects.get(number=1)
    roll_back(bob, reason="too many reviews")
    run_jobs()
    version.refresh_from_db()
    old.refresh_from_db()
    assert (version.state, old.state) == ("retired", "live")
    assert service.live["hash"] == old.hash
    assert old.steps.last().step == "restore"
    assert old.steps.last().actor == "bob"
    assert ledger()[-1] == ("bob", "restore_policy")


def test_a_rollback_whose_answer_was_lost_is_not_done_twice(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    shipped(ann, bob)
    roll_back(bob, reason="r")
    service.lose = True
    job = Job.objects.filter(kind=actions.JOB, state="waiting").get()
    with pytest.raises(UnreachableError):
        do_change(job)
    do_change(job)
    assert service.calls.count("rollback") == 1
    assert live_version().number == 1
    assert ServiceChange.objects.first().state == "done"


def test_an_activation_whose_answer_was_lost_is_not_done_twice(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    approve(bob, propose_version(ann, ready(ann).pk, mode="live", reason="r").pk)
    service.lose = True
    with pytest.raises(UnreachableError):
        run_jobs()
    assert "does not answer" in ServiceChange.objects.get().message
    run_jobs()
    run_jobs()
    assert service.calls == ["publish"]
    assert live_version().number == 2


def test_a_service_that_is_down_is_waited_for(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    approve(bob, propose_version(ann, ready(ann).pk, mode="live", reason="r").pk)
    service.down = True
    with pytest.raises(UnreachableError):
        run_jobs()
    watch_service()
    assert last_seen().problem
    assert live_version().number == 1
    service.down = False
    run_jobs()
    assert live_version().number == 2


def test_a_rollback_of_something_else_is_refused(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    shipped(ann, bob)
    roll_back(bob, reason="r")
    service.publish(LOOSER.replace("version: 1", "version: 9"))
    with pytest.raises(GiveUpError, match="is live"):
        run_jobs()
    assert ServiceChange.objects.first().state == "failed"
    assert ledger()[-1] == ("service", "fail_policy_change")


def test_what_the_service_refuses_has_failed(service: KeptService, bob: Operator) -> None:
    roll_back(bob, reason="r")
    with pytest.raises(GiveUpError):
        run_jobs()
    change = ServiceChange.objects.get()
    assert (change.state, change.message) == ("failed", "none: no other")


def test_shadow_then_live(service: KeptService, ann: Operator, bob: Operator) -> None:
    version = shipped(ann, bob, mode="shadow")
    assert version.state == "shadow"
    assert service.shadowed["hash"] == version.hash
    approve(bob, propose_version(ann, version.pk, mode="live", reason="as good").pk)
    run_jobs()
    version.refresh_from_db()
    assert version.state == "live"


def test_a_shadow_ends(service: KeptService, ann: Operator, bob: Operator) -> None:
    version = shipped(ann, bob, mode="shadow")
    stop_version(bob, version.pk, reason="seen enough")
    run_jobs()
    version.refresh_from_db()
    assert (version.state, service.shadowed) == ("approved", None)


def tried(
    ann: Operator, bob: Operator, *, share: float = 0.1, by: str = "", text: str = STRICTER
) -> PolicyVersion:
    """A version that was proposed as a canary and approved."""
    version = ready(ann, text)
    proposal = propose_version(ann, version.pk, mode="canary", reason="try", share=share, by=by)
    approve(bob, proposal.pk)
    run_jobs()
    version.refresh_from_db()
    return version


def test_a_canary_then_a_greater_share_then_live(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    version = tried(ann, bob, by="device")
    assert version.state == "canary"
    assert (service.tried["hash"], service.tried["share"]) == (version.hash, 0.1)
    assert service.tried["by"] == "device"
    assert drifts(last_seen()) == ()
    assert ledger()[-1] == ("bob", "start_canary_policy")
    more = propose_version(ann, version.pk, mode="canary", reason="well so far", share=0.5)
    approve(bob, more.pk)
    run_jobs()
    assert (service.tried["share"], service.tried["by"]) == (0.5, None)
    version.refresh_from_db()
    begun = version.steps.filter(step="start_canary")
    assert [(one.share, one.by) for one in begun] == [(0.1, "device"), (0.5, "")]
    assert canary_step(version) == begun[1]
    approve(bob, propose_version(ann, version.pk, mode="live", reason="as good").pk)
    run_jobs()
    version.refresh_from_db()
    assert (version.state, service.tried) == ("live", None)
    assert drifts(last_seen()) == ()
    assert canary_step(version) is None


def test_what_was_begun_before_steps_had_shares_has_them_from_what_was_asked(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    version = tried(ann, bob, by="device", share=0.2)
    version.steps.update(share=None, by="")
    migration = import_module("fengkong.console.governance.migrations.0004_shares")
    migration.keep_shares(apps, None)
    kept = {one.step: (one.share, one.by) for one in version.steps.all()}
    assert kept.pop("start_canary") == (0.2, "device")
    assert set(kept.values()) == {(None, "")}


@pytest.mark.parametrize(("share", "by"), [(None, ""), (0.0, ""), (0.51, ""), (0.1, "amount")])
def test_a_canary_needs_a_share_that_can_be(ann: Operator, share: float | None, by: str) -> None:
    version = ready(ann)
    with pytest.raises(InvalidCanaryShareError):
        propose_version(ann, version.pk, mode="canary", reason="r", share=share, by=by)


def test_a_canary_takes_the_shadows_place(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    shadow = shipped(ann, bob, mode="shadow")
    canary = tried(ann, bob, text=LOOSER)
    shadow.refresh_from_db()
    assert (shadow.state, canary.state) == ("approved", "canary")
    assert service.shadowed is None
    assert drifts(last_seen()) == ()


def test_a_rollback_ends_the_canary_in_one_act(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    version = tried(ann, bob)
    change = roll_back(bob, reason="it refuses too many")
    assert (change.kind, change.version) == ("end_canary", version)
    assert ledger()[-1] == ("bob", "roll_back_policy")
    run_jobs()
    run_jobs()
    version.refresh_from_db()
    assert (version.state, service.tried) == ("approved", None)
    assert live_version().number == 1
    assert service.calls == ["canary", "canary"]


def test_another_live_policy_ends_the_canary(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    canary = tried(ann, bob)
    shipped(ann, bob, text=LOOSER)
    canary.refresh_from_db()
    assert canary.state == "approved"
    assert drifts(last_seen()) == ()


def test_a_canary_that_was_begun_or_ended_by_hand_is_followed(service: KeptService) -> None:
    service.canary(STRICTER.replace("version: 1", "version: 8"), share=0.2)
    watch_service()
    version = PolicyVersion.objects.get(number=8)
    assert version.state == "canary"
    service.canary(version.text, share=0.4, by="card")
    watch_service()
    watch_service()
    shares = version.steps.filter(step="start_canary").values_list("share", "by")
    assert list(shares) == [(0.2, ""), (0.4, "card")]
    service.canary(None)
    watch_service()
    version.refresh_from_db()
    assert version.state == "approved"


def test_a_canary_whose_answer_was_lost_is_asked_for_once(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    version = ready(ann)
    approve(bob, propose_version(ann, version.pk, mode="canary", reason="r", share=0.2).pk)
    service.lose = True
    with pytest.raises(UnreachableError):
        run_jobs()
    run_jobs()
    version.refresh_from_db()
    assert (version.state, service.calls) == ("canary", ["canary"])


def test_drift_is_noticed_and_imported(service: KeptService, ann: Operator, bob: Operator) -> None:
    version = shipped(ann, bob)
    by_hand = LOOSER.replace("version: 1", "version: 2").replace("6000", "7000")
    service.publish(by_hand)
    view = last_seen()
    view.live = service.live
    assert [one.part for one in drifts(view)] == ["live"]
    watch_service()
    live = live_version()
    assert (live.origin, live.number, live.text) == ("service", 3, by_hand)
    version.refresh_from_db()
    assert version.state == "retired"
    assert drifts(last_seen()) == ()


def test_a_rollback_by_hand_is_followed(service: KeptService, ann: Operator, bob: Operator) -> None:
    shipped(ann, bob)
    service.rollback()
    watch_service()
    assert live_version().number == 1


def test_a_shadow_that_was_ended_by_hand_is_followed(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    version = shipped(ann, bob, mode="shadow")
    service.shadow(None)
    watch_service()
    version.refresh_from_db()
    assert version.state == "approved"


def test_a_text_that_cannot_be_read_is_shown_as_drift(
    service: KeptService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_sequence: int) -> str:
        raise UnreachableError("no journal")

    monkeypatch.setattr(activation, "policy_text", unreadable)
    service.publish(STRICTER)
    note_seen(service.policies())
    assert [one.runs for one in drifts(last_seen())] == ["payments 1"]


def test_what_was_proposed_is_what_runs(service: KeptService, ann: Operator, bob: Operator) -> None:
    version = ready(ann)
    proposal = propose_version(ann, version.pk, mode="live", reason="r")
    PolicyVersion.objects.filter(pk=version.pk).update(hash="0" * 64)
    with pytest.raises(ChangedProposalError):
        approve(bob, proposal.pk)


def test_a_version_is_given_up(ann: Operator) -> None:
    version = abandon_version(ann, ready(ann).pk, reason="no longer needed")
    assert version.state == "retired"
    assert VersionStep.objects.last().reason == "no longer needed"


def test_whatever_the_service_does_has_words() -> None:
    done = (
        Step.START_SHADOW,
        Step.START_CANARY,
        Step.GO_LIVE,
        Step.STOP,
        Step.REPLACE,
        Step.RESTORE,
    )
    assert {recorded_as(step) for step in done} <= known_actions().keys()
