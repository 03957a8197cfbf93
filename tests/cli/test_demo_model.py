"""The demonstration's policy decides as the shipped one and says how probable fraud is."""

from importlib.resources import files
from pathlib import Path

from fengkong.cli.demo_model import USED_AS, demo_policy_text, scorecard, written_demo_policy
from fengkong.cli.sources import read_policy
from fengkong.decisions.examples import check_examples
from fengkong.evaluation.model_folder import read_report
from fengkong.evaluation.training_plan import read_training


def test_the_policy_carries_the_scorecard_and_decides_as_the_shipped_one(tmp_path: Path) -> None:
    policy = read_policy(str(written_demo_policy(tmp_path / "data")))
    shipped = read_policy("payments")
    assert policy.models[USED_AS].hash == scorecard().hash
    told = [[(rule.id, rule.when.source) for rule in one.rules] for one in (policy, shipped)]
    assert told[0][:-1] == told[1]
    (asking,) = [rule for rule in policy.rules if USED_AS in rule.when.names]
    assert (asking.outcome, asking.points) == (None, 1)
    assert check_examples(policy) == []
    assert read_report(tmp_path / "data" / "models" / "payments" / "1").training == "payments"
    assert demo_policy_text() == (tmp_path / "data" / "demo_policy.yaml").read_text("utf-8")


def test_the_scorecard_is_what_the_training_of_its_pack_makes() -> None:
    text = (files("fengkong") / "packs" / "payments" / "training.yaml").read_text("utf-8")
    plan, _ = read_training(text, source="training.yaml")
    about = scorecard().about
    assert (about.name, about.version) == (plan.name, str(plan.version))
    assert {one.name for one in scorecard().inputs} == set(plan.inputs)
    assert about.figures["test"]["average_precision"]["value"] > 0.8
