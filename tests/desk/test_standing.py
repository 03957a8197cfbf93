"""How a challenger stands is read from the journal of a service, in both stores."""

import json
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import POLICY, START, body, decision, payment, send, serve, settings_of

from fengkong.cli import main
from fengkong.core.bilingual import Bilingual
from fengkong.core.instants import format_instant
from fengkong.decisions.carried import with_models
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.standing import NoChallengerError
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.model import About, Model
from fengkong.scoring.store import HeldModels
from fengkong.service.serving import Service

CHALLENGED = (
    POLICY.replace("version: 1", "version: 4").replace("1h > 3", "1h > 1000")
    + """\
  - id: model.high
    when: fraud_probability >= 0.5
    outcome: deny
    reason: {zh: 模型判断风险高, en: the model sees a high risk}
models:
  fraud_probability:
    model: speedy
    version: "7"
    challenger: {model: speedy, version: "8", share: 40%, by: customer}
"""
)
STRICTER = CHALLENGED.replace("version: 4", "version: 5").replace("amount > 50000", "amount > 60")
EVENTS, DELAY_US = 120, 60_000_000


@pytest.fixture(params=["sqlite", "postgres"])
def given(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of each store."""
    if request.param == "sqlite":
        return {}
    return {"store": request.getfixturevalue("postgres_address")()}


def card(version: str, *, worst: float) -> Model:
    """A scorecard that looks at how often a card was used in an hour."""
    plain = load_policy(POLICY, source="p", catalogue=shipped_catalogue())
    bins = (Bin(log_odds=-1.0, count=90), Bin(log_odds=worst, count=10))
    part = Characteristic(input=0, edges=(9.0,), bins=bins, missing=Bin(log_odds=0.0, count=0))
    about = About(name="speedy", version=version, title=Bilingual(zh="快", en="Speedy"))
    made = EvidenceCard(intercept=-2.0, characteristics=(part,))
    return Model.of_card(made, about=about, inputs=inputs_of(plain, ["card_count_1h"]))


def published(text: str) -> str:
    store = HeldModels([card("7", worst=1.0), card("8", worst=5.0)])
    return with_models(
        text, load_policy(text, source="p", catalogue=shipped_catalogue(), store=store)
    )


def label(number: int, *, after: int, fraud: bool = True) -> dict[str, Any]:
    """What becomes known of the n-th payment, so many microseconds after it."""
    at = START + number * 60_000_000 // 20 + after
    return {
        "type": "label.confirmed",
        "id": f"l-{number}-{after}",
        "occurred_at": format_instant(at),
        "event": f"p-{number:06d}",
        "is_fraud": fraud,
        "label_kind": "fraud",
    }


def is_fraud(number: int) -> bool:
    return number > 50 and number % 3 == 0


LABELS = [
    label(number, after=DELAY_US // (1 if number % 2 else 4))
    for number in range(EVENTS)
    if is_fraud(number)
]
LATE = [label(number, after=DELAY_US + 1) for number in range(1, 6)]
CLEARED = [label(54, after=DELAY_US // 2, fraud=False)]


async def told(service: Service, labels: list[dict[str, Any]]) -> None:
    for one in sorted(labels, key=lambda one: str(one["occurred_at"])):
        assert (await service.desk.submit(body(one), decided=False)).status == 200


def standing(what: str, folder: Path, given: dict[str, Any], capsys: Any, *more: str) -> Any:
    """What a command says as data."""
    store = ("--store", given["store"]) if given else ()
    arguments = (
        *(what, "standing", "--journal", str(settings_of(folder).directory), "--delay", "60s"),
        *(*store, *more),
    )
    capsys.readouterr()
    main.app(args=[*arguments, "--json"], prog_name="fengkong", standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def test_both_models_are_compared_by_what_they_said_then(
    tmp_path: Path, given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures equal those counted from the answers that the service gave."""

    async def work(service: Service) -> list[Any]:
        answers = await send(service, *(payment(n) for n in range(EVENTS)))
        await told(service, [*LABELS, *LATE, *CLEARED])
        return [decision(answer)["models"][0] for answer in answers]

    said = serve(tmp_path, work, policy=published(CHALLENGED), **given)
    found = standing("model", tmp_path, given, capsys)
    # The newest instant of the journal is the last label's: the truth of all before it less the
    # delay is known.
    newest = max(str(one["occurred_at"]) for one in [*LABELS, *LATE, *CLEARED])
    known = [n for n in range(EVENTS) if label(n, after=DELAY_US)["occurred_at"] <= newest]
    errors: dict[str, list[float]] = {"7": [], "8": []}
    for n in known:
        truth = float(is_fraud(n) and n != 54)
        for one in (said[n], said[n]["other"]):
            errors[one["version"]].append((one["probability"] - truth) ** 2)
    assert (found["events"], found["pairs"]) == (EVENTS, len(known))
    assert found["frauds"] == sum(is_fraud(n) and n != 54 for n in known) > 15
    assert found["challenged"] == sum(one["challenged"] for one in said)
    assert 0 < found["challenged"] < EVENTS
    for side, version in (("champion", "7"), ("challenger", "8")):
        assert found[side]["version"] == version
        mean = sum(errors[version]) / len(errors[version])
        assert found[f"{side}_figures"]["error"] == pytest.approx(mean, abs=1e-12)
    gap = (sum(errors["7"]) - sum(errors["8"])) / len(known)
    assert found["sequence"]["low"] <= gap <= found["sequence"]["high"]
    with pytest.raises(NoChallengerError):
        standing("model", tmp_path, given, capsys, "--value", "other")
    with pytest.raises(NoChallengerError):
        standing("policy", tmp_path, given, capsys)


def test_a_shadow_is_compared_by_what_it_would_have_stopped(
    tmp_path: Path, given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(service: Service) -> tuple[list[str], int]:
        await send(service, *(payment(n) for n in range(20)))  # before the shadow: not counted
        assert (await service.desk.shadow(published(STRICTER))).status == 200
        answers = await send(service, *(payment(n) for n in range(20, EVENTS)))
        assert (await service.desk.shadow(None)).status == 200
        await send(service, payment(EVENTS))  # after it: not counted
        await told(service, [*LABELS, *LATE, *CLEARED])
        return [decision(answer)["outcome"] for answer in answers], 20

    outcomes, first = serve(tmp_path, work, policy=published(CHALLENGED), **given)
    found = standing("policy", tmp_path, given, capsys, "--good-cost", "0.2")
    assert found["events"] == EVENTS - first
    known = range(first, first + found["pairs"])
    stopped = [
        (outcomes[n - first] != "allow", outcomes[n - first] != "allow" or 10.5 + n % 97 > 60)
        for n in known
    ]
    truth = [is_fraud(n) and n != 54 for n in known]
    for at, side in enumerate(("champion_figures", "challenger_figures")):
        frauds = sum(one[at] and fraud for one, fraud in zip(stopped, truth, strict=True))
        good = sum(one[at] and not fraud for one, fraud in zip(stopped, truth, strict=True))
        assert (found[side]["stopped_frauds"], found[side]["stopped_good"]) == (frauds, good)
        error = (sum(truth) - frauds + 0.2 * good) / len(truth)
        assert found[side]["error"] == pytest.approx(error, abs=1e-12)
    assert (found["champion"]["version"], found["challenger"]["version"]) == ("4", "5")
    assert found["challenger_figures"]["stopped_good"] > found["champion_figures"]["stopped_good"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_reads_it_in_both_languages(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    monkeypatch.setenv("FENGKONG_LANGUAGE", language)
    monkeypatch.setenv("COLUMNS", "200")

    async def work(service: Service) -> None:
        await send(service, *(payment(n) for n in range(EVENTS)))
        await told(service, LABELS)

    serve(tmp_path, work, policy=published(CHALLENGED))
    journal = str(settings_of(tmp_path).directory)
    capsys.readouterr()
    main.app(
        args=["model", "standing", "--journal", journal, "--delay", "60s"],
        prog_name="fengkong",
        standalone_mode=False,
    )
    shown = capsys.readouterr().out
    assert "speedy 7" in shown
    said = {"zh": "挑战者的误差更大，第", "en": "The challenger errs more, known after"}
    assert said[language] in shown
