"""Parameters and models change as versions of their own, by their screens and under four eyes."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from screens_of_tests import page, signed_in
from service_of_tests import KeptService
from test_versions import LOOSER, ledger, run_jobs, shipped
from versions import TEXT, load

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.approvals.models import Proposal
from fengkong.console.governance.actions import (
    ChangedProposalError,
    live_version,
    propose_version,
    roll_back,
    save_draft,
)
from fengkong.console.governance.changes import changes
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.governance.part_standing import (
    holds,
    is_of_another_live,
    make_again,
    may_be_taken_back,
    taken_back,
)
from fengkong.console.governance.part_text import (
    DatedChange,
    UnknownPartError,
    UnreadableValueError,
    with_dated_value,
    with_value_of,
)
from fengkong.console.governance.parts import (
    PartRun,
    begin_part,
    crowning,
    dated_change,
    propose_part,
    replacing,
)
from fengkong.console.governance.policy_texts import read_policy
from fengkong.console.governance.proposal_words import described
from fengkong.core.bilingual import Bilingual
from fengkong.decisions.model_inputs import inputs_of
from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.model import About, Model
from fengkong.scoring.model_file import model_bytes

pytestmark = pytest.mark.django_db

LIMIT = "limits.cards_per_device"
FLOW = TEXT.replace(
    "  limits.share:\n    2026-01-01: {value: 0.5, reference: FRAUD-13}\n",
    "  limits.share: {2026-01-01: {value: 0.5, reference: FRAUD-13}}\n"
    "  on.campaign: {2026-01-01: {value: false, reference: M-1}}\n",
)


def change(name: str = LIMIT, since: str = "2026-06-01", value: str = "4") -> DatedChange:
    return DatedChange(
        parameter=name, since=date.fromisoformat(since), value=value, reference="FRAUD-20: more"
    )


@pytest.mark.parametrize(
    ("name", "since", "value", "expected"),
    [
        (LIMIT, "2026-06-01", "4", {"2026-01-01": 3.0, "2026-06-01": 4.0}),
        (LIMIT, "2025-06-01", "2", {"2025-06-01": 2.0, "2026-01-01": 3.0}),
        (LIMIT, "2026-01-01", "5", {"2026-01-01": 5.0}),
        ("limits.share", "2026-06-01", "0.25", {"2026-01-01": 0.5, "2026-06-01": 0.25}),
        ("on.campaign", "2026-06-01", "True", {"2026-01-01": False, "2026-06-01": True}),
    ],
)
def test_a_value_is_put_into_the_text_and_nothing_else(
    name: str, since: str, value: str, expected: dict[str, Any]
) -> None:
    text = with_dated_value(FLOW, change(name, since, value))
    before, after = load(FLOW), load(text)
    values = after.scope.parameters[name].values
    assert [one.value for one in values] == list(expected.values())
    assert {one.name for one in changes(before, after)} == {name}
    gone = set(FLOW.splitlines()) - set(text.splitlines())
    assert len(gone) <= 1, "every other line is as it was"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        (LIMIT, "four", UnreadableValueError),
        (LIMIT, "", UnreadableValueError),
        ("on.campaign", "maybe", UnreadableValueError),
        ("limits.unknown", "1", UnknownPartError),
    ],
)
def test_what_cannot_be_a_value_is_refused(name: str, value: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        with_dated_value(FLOW, change(name, value=value))


def test_an_analyst_changes_a_limit_and_a_colleague_approves(
    service: KeptService,
    ann: Operator,
    bob: Operator,
    answers: list[Any],
) -> None:
    """Without a word of YAML: previewed in words and figures, proposed, approved, live, undone."""
    desk = signed_in(ann)
    address = f"/policies/parameters/{LIMIT}/"
    assert address in page(desk, "/policies/parameters/")
    sent = {"since": "2026-06-01", "value": "4", "reference": "FRAUD-20"}
    shown = page(desk, address, preview="1", **sent)
    assert "from 2026-06-01: 3 to 4 (reference: FRAUD-20)" in shown
    assert "gov-looser" in shown
    assert answers[-1]["do"] == "preview"
    assert not Proposal.objects.exists()
    assert "Say why" in page(desk, address, status=422, **sent)
    page(desk, address, status=302, reason="families share", **sent)
    (version,) = PolicyVersion.objects.filter(part="parameter")
    assert (version.state, version.change["value"], version.change["newest_before"]) == (
        *("proposed", "4"),
        3.0,
    )
    assert version.backtest is not None
    (proposal,) = Proposal.objects.all()
    assert f"{LIMIT} 2026-06-01: 4 (FRAUD-20)" in str(described(proposal))
    assert proposal.content["loosens"]
    approve(bob, proposal.pk)
    run_jobs()
    live = live_version()
    assert (live.pk, live.state) == (version.pk, "live")
    assert load(service.texts[service.activations[-1]["sequence"]]).scope.parameters[LIMIT]
    assert ledger()[-1] == ("bob", "go_live_policy")
    assert str(version) in page(desk, address)
    roll_back(bob, reason="r")
    run_jobs()
    version.refresh_from_db()
    assert (version.state, live_version().number) == ("retired", 1)


def test_faults_of_a_value_are_shown(service: KeptService, ann: Operator) -> None:
    address = f"/policies/parameters/{LIMIT}/"
    sent = {"since": "1999-06-01", "value": "4", "reference": "F", "reason": "r"}
    assert "1999" in page(signed_in(ann), address, status=422, **sent)
    assert not PolicyVersion.objects.filter(part="parameter").exists()
    assert signed_in(ann).get("/policies/parameters/none/").status_code == 404


def test_what_was_made_of_another_live_policy_is_not_approved(
    service: KeptService, ann: Operator, bob: Operator
) -> None:
    """Else it would quietly undo what went live meanwhile."""
    proposal = propose_part(ann, dated_change(change()), reason="r")
    shipped(ann, bob, text=LOOSER)
    with pytest.raises(ChangedProposalError, match="is live by now"):
        approve(bob, proposal.pk)


# -- models -------------------------------------------------------------------------------------


def card(version: str) -> Model:
    """A scorecard over a feature of the policy."""
    bins = (Bin(log_odds=-1.0, count=90), Bin(log_odds=2.0, count=10))
    part = Characteristic(input=0, edges=(9.0,), bins=bins, missing=Bin(log_odds=0.0, count=0))
    about = About(
        name="speedy",
        version=version,
        title=Bilingual(zh="快", en="Speedy"),
        figures={"auc": 0.91},
    )
    made = EvidenceCard(intercept=-2.0, characteristics=(part,))
    return Model.of_card(made, about=about, inputs=inputs_of(load(), ["device_card_distinct_1d"]))


@pytest.fixture
def scored(service: KeptService) -> KeptService:
    """A service whose live policy uses a model."""
    from fengkong.console.governance.activation import watch_service
    from fengkong.decisions.carried import with_models
    from fengkong.decisions.policy_file import load_policy
    from fengkong.events.catalogue import shipped_catalogue
    from fengkong.scoring.store import HeldModels

    plain = TEXT.replace("version: 1", "version: 2") + (
        "models:\n  fraud_probability:\n    model: speedy\n    version: '7'\n"
    )
    policy = load_policy(
        plain, source="p", catalogue=shipped_catalogue(), store=HeldModels([card("7")])
    )
    service.publish(with_models(plain, policy))
    watch_service()
    return service


def sent(how: str, **more: Any) -> dict[str, Any]:
    return {"used_as": "fraud_probability", "how": how, "reason": "better", **more}


def test_a_model_challenges_then_wins(
    scored: KeptService,
    ann: Operator,
    bob: Operator,
    answers: list[Any],
) -> None:
    desk: Client = signed_in(ann)
    file = SimpleUploadedFile("model.json", model_bytes(card("8")))
    address = "/policies/models/change/"
    assert "Give the file" in page(desk, address, status=422, **sent("challenger"))
    asked = sent("challenger", share_percent="10", by="customer", file=file)
    page(desk, address, status=302, **asked)
    (version,) = PolicyVersion.objects.filter(part="model")
    assert version.note == "fraud_probability: speedy 8 (challenger)"
    (proposal,) = Proposal.objects.all()
    assert ("auc", "0.91") in described(proposal)
    approve(bob, proposal.pk)
    run_jobs()
    policy = read_policy(live_version().text)
    rival = policy.challengers["fraud_probability"]
    assert (rival.model.about.version, rival.share, rival.by) == ("8", 0.1, "customer")
    assert "Make it champion" in page(desk, "/policies/models/")
    page(desk, address, status=302, **sent("crown"))
    approve(bob, Proposal.objects.filter(state="open").get().pk)
    run_jobs()
    policy = read_policy(live_version().text)
    assert policy.models["fraud_probability"].about.version == "8"
    assert not policy.challengers
    assert [one.state for one in PolicyVersion.objects.filter(part="model").order_by("pk")] == [
        "retired",
        "live",
    ]


def test_a_challenger_goes_and_a_model_may_be_replaced_at_once(
    scored: KeptService, ann: Operator
) -> None:
    with pytest.raises(UnknownPartError):
        crowning("fraud_probability")
    made = replacing("fraud_probability", card("9"))
    assert read_policy(made.text).models["fraud_probability"].about.version == "9"
    assert made.text.count("#fengkong.model") == 1, "the one that went is not carried on"
    desk = signed_in(ann)
    shown = page(desk, "/policies/models/change/", status=422, **sent("dismiss"))
    assert "no model challenges" in shown
    broken = SimpleUploadedFile("model.json", b"{}")
    assert "model" in page(
        desk, "/policies/models/change/", status=422, **sent("champion", file=broken)
    )


# -- every state --------------------------------------------------------------------------------


def limit(version: PolicyVersion | None) -> float:
    assert version is not None
    return read_policy(version.text).scope.parameters[LIMIT].values[-1].value


def test_a_limit_goes_through_every_state_a_policy_has(
    service: KeptService, ann: Operator, bob: Operator, answers: list[Any]
) -> None:
    """From draft to live, in shadow and as a canary between, and back in one act."""
    desk, lead = signed_in(ann), signed_in(bob)
    address = f"/policies/parameters/{LIMIT}/"
    page(desk, address, status=302, draft="1", since="2026-06-01", value="4", reference="F-20")
    (version,) = PolicyVersion.objects.filter(part="parameter")
    here, states = f"/policies/{version.pk}/", [version.state]

    def then(step: str, **sent: Any) -> None:
        page(desk, f"{here}{step}/", status=302, reason="step by step", **sent)
        for proposal in Proposal.objects.filter(state="open"):
            version.refresh_from_db()
            states.append(version.state)
            approve(bob, proposal.pk)
            version.refresh_from_db()
            states.append(version.state)
        run_jobs()
        version.refresh_from_db()
        states.append(version.state)

    then("check")
    then("back-test")
    then("propose", mode="shadow")
    assert service.shadowed["hash"] == version.hash
    then("propose", mode="canary", share_percent="10", by="card")
    assert (service.tried["share"], service.tried["by"]) == (0.1, "card")
    then("propose", mode="live")
    assert [one for one, before in zip(states, ["", *states], strict=False) if one != before] == [
        *("draft", "checked", "backtested", "proposed", "approved", "shadow", "canary", "live")
    ]
    assert limit(live_version()) == 4.0
    assert "Roll back" in page(lead, here)
    page(lead, "/policies/roll-back/", status=302, reason="too many pass")
    run_jobs()
    version.refresh_from_db()
    assert (version.state, limit(live_version())) == ("retired", 3.0)
    steps = list(version.steps.values_list("step", flat=True))
    assert steps == [
        *("create", "check", "backtest", "propose", "approve", "start_shadow", "start_canary"),
        *("go_live", "replace"),
    ]


def test_a_change_may_be_proposed_at_once_for_a_share(
    service: KeptService, ann: Operator, answers: list[Any]
) -> None:
    desk, address = signed_in(ann), f"/policies/parameters/{LIMIT}/"
    sent = {"since": "2099-06-01", "value": "4", "reference": "F", "reason": "r", "mode": "canary"}
    assert "which share" in page(desk, address, status=422, **sent)
    page(desk, address, status=302, canary_percent="5", canary_by="device", **sent)
    (proposal,) = Proposal.objects.all()
    content = proposal.content
    assert (content["mode"], content["share"], content["by"]) == ("canary", 0.05, "device")
    assert "The value begins on 2099-06-01" in str(described(proposal))


def test_a_change_stays_while_later_policies_have_it_and_is_taken_back_alone(
    service: KeptService, ann: Operator, bob: Operator, answers: list[Any]
) -> None:
    """A roll-back would undo what went live since; this undoes the one change."""
    approve(bob, propose_part(ann, dated_change(change()), reason="r").pk)
    run_jobs()
    version = live_version()
    later = version.text.replace("amount > 5000", "amount > 4000")
    shipped(ann, bob, text=later)
    version.refresh_from_db()
    assert (version.state, holds(version), may_be_taken_back(version)) == ("retired", True, True)
    desk, here = signed_in(ann), f"/policies/{version.pk}/"
    assert "Take this change back" in page(desk, here)
    page(desk, f"{here}take-back/", status=302, reason="too many pass")
    back = PolicyVersion.objects.get(change__taken_back=version.pk)
    approve(bob, Proposal.objects.get(state="open").pk)
    run_jobs()
    live = live_version()
    assert live.pk == back.pk
    assert (limit(live), "amount > 4000" in live.text) == (3.0, True)
    assert not holds(version)
    assert "Take this change back" not in page(desk, here)
    page(desk, f"{here}take-back/", status=302, reason="again")
    assert not Proposal.objects.filter(state="open").exists()


def test_a_draft_of_another_live_policy_is_made_again(
    service: KeptService, ann: Operator, bob: Operator, answers: list[Any]
) -> None:
    draft = begin_part(ann, dated_change(change()))
    assert not is_of_another_live(draft)
    shipped(ann, bob, text=LOOSER)
    here, desk = f"/policies/{draft.pk}/", signed_in(ann)
    assert "Make the change again" in page(desk, here)
    page(desk, f"{here}again/", status=302, x="")
    draft.refresh_from_db()
    again = PolicyVersion.objects.get(part="parameter", state="draft")
    assert (draft.state, again.base, again.change) == ("retired", live_version(), draft.change)
    assert (limit(again), "amount > 6000" in again.text) == (4.0, True)
    page(desk, f"/policies/{again.pk}/again/", status=302, x="")
    assert PolicyVersion.objects.filter(part="parameter").count() == 2, "it is of the live one"


def test_a_text_that_a_hand_wrote_is_no_change_of_one_part(
    service: KeptService, ann: Operator
) -> None:
    draft = begin_part(ann, dated_change(change()))
    same = save_draft(ann, draft.pk, edition=1, text=draft.text)
    assert same.part == "parameter"
    other = draft.text.replace("amount > 5000", "amount > 4000")
    assert save_draft(ann, draft.pk, edition=2, text=other).part == "policy"


@pytest.mark.parametrize("text", [TEXT, FLOW])
@pytest.mark.parametrize(
    ("since", "value"), [("2026-06-01", "0.25"), ("2026-01-01", "0.75"), ("2025-01-01", "0.1")]
)
@pytest.mark.parametrize("name", [LIMIT, "limits.share"])
def test_a_value_taken_out_leaves_the_policy_as_it_was(
    text: str, name: str, since: str, value: str
) -> None:
    changed = with_dated_value(text, change(name, since, value))
    back = with_value_of(changed, text, parameter=name, since=date.fromisoformat(since))
    assert load(back).hash == load(text).hash != load(changed).hash
    with pytest.raises(UnknownPartError):
        with_value_of(text, text, parameter=name, since=date(2031, 1, 1))


def test_a_model_is_tried_in_shadow_made_again_and_taken_back(
    scored: KeptService, ann: Operator, bob: Operator, answers: list[Any]
) -> None:
    shadow = PartRun(mode="shadow")
    made = propose_part(ann, replacing("fraud_probability", card("9")), reason="r", run=shadow)
    approve(bob, made.pk)
    run_jobs()
    version = PolicyVersion.objects.get(part="model")
    assert (version.state, scored.shadowed["hash"]) == ("shadow", version.hash)
    assert not holds(version)
    approve(bob, propose_version(ann, version.pk, mode="live", reason="as good").pk)
    run_jobs()
    later = live_version().text.replace("amount > 5000", "amount > 4000")
    shipped(ann, bob, text=later)
    version.refresh_from_db()
    assert may_be_taken_back(version)
    draft = begin_part(ann, taken_back(version))
    policy = read_policy(draft.text)
    assert policy.models["fraud_probability"].about.version == "7"
    assert "amount > 4000" in draft.text
    again = begin_part(ann, replacing("fraud_probability", card("10")))
    shipped(ann, bob, text=later.replace("amount > 4000", "amount > 4500"))
    again = make_again(ann, again)
    policy = read_policy(again.text)
    assert policy.models["fraud_probability"].about.version == "10"
    assert "amount > 4500" in again.text
