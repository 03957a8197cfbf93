"""Every shipped policy is whole: it loads, its examples pass, every rule is told and tried."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pack_measurement import pack_text, shipped_policy

from fengkong.decisions.examples import check_examples
from fengkong.decisions.policy import Policy

PACKS = (
    "card_payments",
    "card_geo",
    "payments",
    "account_protection",
    "transfers",
    "loan_applications",
)
HANDBOOK = [
    f"customer_{measure}_{days}d"
    for days in (1, 7, 30)
    for measure in ("payment_count", "amount_mean")
] + [
    f"terminal_{measure}_{days}d_delayed_7d"
    for days in (1, 7, 30)
    for measure in ("payment_count", "fraud_rate")
]
TAXONOMY = Path(__file__).resolve().parents[3] / "shared/data/fraud_taxonomy/f3-v1.1.json"
CHINESE = re.compile("[\u4e00-\u9fff]")

each_pack = pytest.mark.parametrize("pack", PACKS)


@cache
def policy_of(pack: str) -> Policy:
    return shipped_policy(pack)


@cache
def data_of(pack: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(pack_text(pack))
    return data


def expected(example: dict[str, Any]) -> set[str]:
    return set(example["expect"].get("reasons", ()))


@each_pack
def test_a_pack_is_named_as_its_folder(pack: str) -> None:
    assert policy_of(pack).name == pack


@each_pack
def test_all_examples_pass(pack: str) -> None:
    assert [fault.message for fault in check_examples(policy_of(pack))] == []


@each_pack
def test_every_rule_has_an_example_that_hits_it(pack: str) -> None:
    hit = {rule for example in data_of(pack)["examples"] for rule in expected(example)}
    assert [rule.id for rule in policy_of(pack).rules if rule.id not in hit] == []


@each_pack
def test_a_pack_tells_near_misses_too(pack: str) -> None:
    """At least one story in three ends well, so that limits are tried from both sides."""
    examples = data_of(pack)["examples"]
    quiet = [example for example in examples if not expected(example)]
    assert len(quiet) >= len(examples) / 3


@each_pack
def test_every_example_is_named_in_both_languages_and_once(pack: str) -> None:
    names = [example["name"] for example in data_of(pack)["examples"]]
    assert all(CHINESE.search(name["zh"]) and not CHINESE.search(name["en"]) for name in names)
    assert len({name["en"] for name in names}) == len(names)


@each_pack
def test_every_rule_gives_its_reason_in_both_languages(pack: str) -> None:
    for rule in data_of(pack)["rules"]:
        reason = rule["reason"]
        assert CHINESE.search(reason["zh"]), rule["id"]
        assert not CHINESE.search(reason["en"]), rule["id"]
        # Both sentences show the same values.
        shown = [sorted(set(re.findall(r"\{([^{}]+)\}", reason[key]))) for key in ("zh", "en")]
        assert shown[0] == shown[1], rule["id"]


@each_pack
def test_every_parameter_has_a_reference_and_is_used(pack: str) -> None:
    data, text = data_of(pack), pack_text(pack)
    for name, dates in data["parameters"].items():
        for day, content in dates.items():
            if day != "kind":
                assert content["reference"].keys() == {"zh", "en"}, name
                assert all(len(text) > 8 for text in content["reference"].values()), name
        assert text.count(name) > 1, f"{name} is not used"


@each_pack
def test_every_feature_and_list_is_used(pack: str) -> None:
    data, text = data_of(pack), pack_text(pack)
    told = json.dumps([data.get("rules"), data.get("scorecards"), data.get("tables")])
    told += json.dumps(list(data["features"].values()))
    for name in {**data["features"], **data["lists"]}:
        if name not in HANDBOOK:
            assert re.search(rf"\b{name}\b", told), f"{name} is not used"
    assert text.isprintable() or "\t" not in text


@each_pack
def test_what_a_pack_cannot_see_is_said(pack: str) -> None:
    spots = yaml.safe_load(pack_text(pack, file="blind_spots.yaml"))
    assert spots
    assert all(CHINESE.search(spot["zh"]) and len(spot["en"]) > 20 for spot in spots)


@each_pack
def test_what_cannot_be_known_is_declared(pack: str) -> None:
    assert data_of(pack)["unknown"] == "record"


@each_pack
@pytest.mark.skipif(not TAXONOMY.exists(), reason="the Fight Fraud Framework is not at hand")
def test_techniques_exist(pack: str) -> None:
    known = {entry["id"] for entry in json.loads(TAXONOMY.read_text(encoding="utf-8"))}
    named = {technique for rule in policy_of(pack).rules for technique in rule.techniques}
    assert named <= known


def test_the_handbook_features_come_first_and_in_order() -> None:
    names = list(policy_of("card_payments").feature_names)
    assert names[: len(HANDBOOK)] == HANDBOOK


@pytest.mark.parametrize("pack", ["payments", "account_protection", "transfers"])
def test_lists_of_all_colours_stand_ready(pack: str) -> None:
    colours = {declared["colour"] for declared in data_of(pack)["lists"].values()}
    assert {"black", "white", "grey"} <= colours


@pytest.mark.parametrize("page", ["packs.md", "packs.zh.md"])
def test_the_reference_page_tells_every_rule_feature_and_parameter(page: str) -> None:
    """`python tools/packs_report.py` was run after the packs were changed."""
    told = (Path(__file__).resolve().parents[2] / "docs/reference" / page).read_text("utf-8")
    for pack in PACKS:
        data = data_of(pack)
        names = [rule["id"] for rule in data["rules"]]
        names += [*data["features"], *data["parameters"], *data["lists"]]
        assert [name for name in names if f"`{name}`" not in told] == []
