"""`fengkong model retrain` on a history whose population drifts, and on one that stays as it is."""

import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
from payments_of_tests import CONFIG, payments
from serving import Serving

from fengkong.cli import main
from fengkong.cli.retraining import OtherPolicyLiveError, UnnamedModelError
from fengkong.cli.sources import locate
from fengkong.client.client import Client
from fengkong.core.errors import FaultsError
from fengkong.core.instants import DAY_US, format_instant, parse_instant
from fengkong.decisions.challenged_text import ChallengerInPlaceError
from fengkong.evaluation.retraining import NothingToWatchError, ShareTooLargeError
from fengkong.evaluation.training_plan import read_training
from fengkong.evaluation.training_policy import feature_policy
from fengkong.events.catalogue import shipped_catalogue

SMALL = CONFIG.replace("search: {num_leaves: [3, 5]}\n", "").replace("windows: 2", "windows: 1")
STEADY, TRAINED, WAITING = 0, 3, 4


def run(*arguments: object) -> int:
    """A command in this process, and its exit code."""
    asked = [str(one) for one in arguments]
    return int(main.app(args=asked, prog_name="fengkong", standalone_mode=False) or 0)


def drifted(frame: pl.DataFrame) -> pl.DataFrame:
    """From the fourth week on everything costs three times as much."""
    late = pl.col("TX_DATETIME") >= pl.datetime(2018, 4, 29)
    dearer = pl.when(late).then(pl.col("TX_AMOUNT") * 3).otherwise(pl.col("TX_AMOUNT"))
    return frame.with_columns(dearer.alias("TX_AMOUNT"))


def policy_text() -> str:
    """A policy with the training's features, whose rule asks the model."""
    plan, document = read_training(SMALL, source="training.yaml")
    shipped = locate("card_payments", kind="policy")
    made = feature_policy(
        shipped.read_text(encoding="utf-8"), source="policy.yaml", plan=plan, document=document,
        catalogue=shipped_catalogue(),
    )  # fmt: skip
    return (
        f"{made.text}models:\n  fraud_probability:\n    model: small_payments  # the champion\n"
        "    version: 2\nrules:\n- {id: model.high, when: fraud_probability >= 0.5, "
        "outcome: review, reason: {zh: 高, en: high}}\n"
    )


@dataclass(frozen=True)
class Place:
    """A folder with a policy, its models and histories."""

    folder: Path

    @property
    def versions(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "models" / "small_payments").iterdir())

    def report(self, version: str) -> dict[str, Any]:
        place = self.folder / "models" / "small_payments" / version / "report.json"
        found: dict[str, Any] = json.loads(place.read_bytes())
        return found

    def retrain(self, history: str, *more: object) -> int:
        return run(
            *("model", "retrain", self.folder / "training.yaml"),
            *("--policy", self.folder / "policy.yaml", "--events", self.folder / history),
            *("--mapping", "card_payments", *more),
        )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two histories, and a policy with a champion that learned from the weeks they share."""
    folder = tmp_path_factory.mktemp("retraining")
    frame = payments()
    frame.write_parquet(folder / "steady.parquet")
    drifted(frame).write_parquet(folder / "drifted.parquet")
    (folder / "training.yaml").write_text(SMALL, encoding="utf-8")
    (folder / "policy.yaml").write_text(policy_text(), encoding="utf-8")
    code = run(
        *("model", "train", folder / "training.yaml", "--events", folder / "steady.parquet"),
        *("--mapping", "card_payments", "--from", "2018-04-15"),
        *("--out", folder / "models" / "small_payments" / "2"),
    )
    assert code == 0
    return folder


@pytest.fixture
def place(trained: Path, tmp_path: Path) -> Place:
    """A copy to work in."""
    shutil.copytree(trained, tmp_path / "copy")
    return Place(tmp_path / "copy")


def test_a_steady_population_trains_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.retrain("steady.parquet", "--json") == STEADY
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["model"], found["published"]) == ("steady", None, None)
    kinds = {one["what"] for one in found["watch"]["figures"]}
    assert kinds == {"score", "input", "missing", "labels", "calibration"}
    assert found["watch"]["lamp"] != "red"
    assert place.versions == ["2"]


def test_a_drifted_population_gives_a_challenger_beside_the_champion(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = (place.folder / "policy.yaml").read_bytes()
    champion = (place.folder / "models" / "small_payments" / "2" / "model.json").read_bytes()
    assert place.retrain("drifted.parquet", "--json") == TRAINED
    found = json.loads(capsys.readouterr().out)
    assert found["state"] == "trained"
    red = {(one["what"], one["of"]) for one in found["watch"]["figures"] if one["lamp"] == "red"}
    assert ("input", "amount") in red
    assert place.versions == ["2", "3"]
    beside = place.report("3")["champion"]
    assert (beside["name"], beside["version"]) == ("small_payments", "2")
    assert not beside["learned_from_test"]
    for one in beside["figures"]:
        difference = one["difference"]
        assert difference["low"] <= difference["high"]
    assert beside["sequence"]["standing"] == "better"  # it learned what things cost now
    # Nothing that decides was touched.
    assert (place.folder / "policy.yaml").read_bytes() == policy
    kept = (place.folder / "models" / "small_payments" / "2" / "model.json").read_bytes()
    assert kept == champion


def test_the_test_of_a_new_version_is_known_and_was_never_learned_from(place: Place) -> None:
    assert place.retrain("drifted.parquet") == TRAINED
    window = place.report("3")["window"]
    times = pl.read_parquet(place.folder / "drifted.parquet")["TX_DATETIME"]
    end = max(times.dt.epoch("us"))
    at = {name: parse_instant(told) for name, told in window.items()}
    assert end - at["test_until"] == 7 * DAY_US  # the delay: later truths are not known yet
    assert at["test_until"] - at["test_from"] == 7 * DAY_US
    assert at["test_from"] - at["train_until"] == 7 * DAY_US


def test_a_schedule_trains_once_and_then_waits_for_new_days(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.retrain("drifted.parquet") == TRAINED
    capsys.readouterr()
    assert place.retrain("drifted.parquet", "--json") == WAITING
    found = json.loads(capsys.readouterr().out)
    assert found["model"]["version"] == "3"
    assert place.versions == ["2", "3"]
    assert place.retrain("drifted.parquet", "--force") == TRAINED
    assert place.versions == ["2", "3", "4"]


def test_who_asks_gets_a_version_of_a_steady_population(place: Place) -> None:
    assert place.retrain("steady.parquet", "--force") == TRAINED
    assert place.versions == ["2", "3"]
    differences = {one["figure"] for one in place.report("3")["champion"]["figures"]}
    assert "roc_auc" in differences


Spoil = Callable[[str], str]


@pytest.mark.parametrize(
    ("more", "spoil", "error"),
    [
        (("--share", "60%"), None, ShareTooLargeError),
        (("--share", "half"), None, FaultsError),
        (("--by", "amount"), None, FaultsError),
        (("--value", "other"), None, UnnamedModelError),
        ((), lambda text: text.replace("    version: 2\n",
            "    version: 2\n    challenger: {model: small_payments, version: 2, share: 0%, "
            "by: customer}\n"), ChallengerInPlaceError),
        (("--days", "0"), None, NothingToWatchError),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_before_the_work(
    place: Place, more: tuple[str, ...], spoil: Spoil | None, error: type[Exception]
) -> None:
    path = place.folder / "policy.yaml"
    if spoil is not None:
        path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(error):
        place.retrain("drifted.parquet", *more)
    assert place.versions == ["2"]


def test_a_history_without_the_days_of_the_training_is_no_steady_one(place: Place) -> None:
    frame = pl.read_parquet(place.folder / "steady.parquet")
    late = frame.filter(pl.col("TX_DATETIME") >= pl.datetime(2018, 4, 22))
    late.write_parquet(place.folder / "late.parquet")
    with pytest.raises(NothingToWatchError, match="learned from"):
        place.retrain("late.parquet")


def test_inputs_that_the_policy_lacks_are_refused_before_the_training(place: Place) -> None:
    config = place.folder / "training.yaml"
    more = SMALL.replace(
        "features:\n", "features:\n  customer_count_3d: count() over customer last 3d\n"
    )
    config.write_text(more.replace("inputs: [amount,", "inputs: [amount, customer_count_3d,"))
    with pytest.raises(FaultsError) as caught:
        place.retrain("drifted.parquet")
    assert [fault.code for fault in caught.value.faults] == ["model.inputs_differ"]
    assert place.versions == ["2"]


def test_a_service_gets_the_new_version_as_a_challenger_and_never_as_champion(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The champion's answers stay; the challenger's stand beside them in each decision."""
    data = tmp_path / "data"
    scopes = [part for scope in ("policy", "decide") for part in ("--scope", scope)]
    assert run("key", "create", "desk", *scopes, "--data", data) == 0
    key = capsys.readouterr().out.strip()
    serving = Serving(data, "--policy", str(place.folder / "policy.yaml"))
    asked = ("--url", serving.url, "--key", key, "--json")
    try:
        with Client(serving.url, key) as client:
            before = scored(client.decide(payment(1)))
            assert (before["version"], "other" in before) == ("2", False)
            assert place.retrain("drifted.parquet", *asked) == TRAINED
            found = json.loads(capsys.readouterr().out)
            assert (found["published"]["role"], found["published"]["cause"]) == (
                "live",
                "published",
            )
            after = scored(client.decide(payment(1, id="again")))
            assert (after["version"], after["hash"]) == ("2", before["hash"])
            assert (after["challenged"], after["other"]["version"]) == (False, "3")
            # A schedule that comes again changes nothing, a new version takes the old one's place.
            assert place.retrain("drifted.parquet", *asked) == WAITING
            assert json.loads(capsys.readouterr().out)["published"]["cause"] == "unchanged"
            assert place.retrain("drifted.parquet", "--force", "--share", "50%", *asked) == TRAINED
            capsys.readouterr()
            many = [scored(client.decide(payment(number))) for number in range(10, 50)]
            assert {(one["challenged"], one["version"]) for one in many} == {
                (False, "2"),
                (True, "4"),
            }
            # A policy that is not the file's stays as it is.
            text = (place.folder / "policy.yaml").read_text(encoding="utf-8")
            (place.folder / "policy.yaml").write_text(text.replace("0.5", "0.6"), encoding="utf-8")
            with pytest.raises(OtherPolicyLiveError):
                place.retrain("drifted.parquet", *asked)
            assert scored(client.decide(payment(60)))["name"] == "fraud_probability"
            assert len(client.policies()["activations"]) == 3
    finally:
        assert serving.end(signal.SIGTERM) == 0


def payment(number: int, **more: object) -> dict[str, object]:
    return {
        "type": "payment.initiated",
        "id": f"p-{number}",
        "occurred_at": format_instant(time.time_ns() // 1000),
        "currency": "EUR",
        "amount": "60.00",
        "customer": f"C-{number}",
        "terminal": f"T-{number % 5}",
    } | more


def scored(answer: dict[str, Any]) -> dict[str, Any]:
    """What the models of a decision said."""
    (one,) = answer["decision"]["models"]
    found: dict[str, Any] = one
    return found
