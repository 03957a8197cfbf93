"""Models in policies: exact, the same one by one and in columns, explained, and never mistaken."""

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from learning import LEARNING, NAMES, USING, booster, matrix, model, payments, table, using
from streams import in_columns, in_handfuls, one_by_one

from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import FaultsError
from fengkong.decisions.carried import MARK, with_models, without_models
from fengkong.decisions.engine import Engine
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.model import About, Model
from fengkong.scoring.model_file import write_model
from fengkong.scoring.store import FolderStore, HeldModels


def test_probabilities_are_the_boosters_on_what_the_engine_saw() -> None:
    events = payments(600, seed=2)
    engine = Engine(using())
    state = engine.new_state()
    found = [engine.decide(event, state) for event in events]
    expected = booster().predict(matrix(table(using(), events)))
    said = [decision.models[0].probability for decision in found if decision is not None]
    assert np.array_equal(said, expected)
    assert 0.02 < np.mean(expected > 0.5) < 0.98, "the rule hits some and not others"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 60))
def test_one_by_one_and_in_columns_give_the_same_bytes(seed: int, cut: int) -> None:
    events = payments(60, seed=seed)
    engine, other = Engine(using()), Engine(using())
    expected = one_by_one(engine, events, engine.new_state())
    state = other.new_state()
    found = in_columns(other, events[:cut], state) + in_columns(other, events[cut:], state)
    assert found == expected
    assert in_handfuls(other, events, other.new_state()) == expected


def test_a_hit_of_a_rule_that_uses_the_model_carries_its_main_contributions() -> None:
    events = payments(400, seed=3)
    engine = Engine(using())
    columns = EventColumns.from_events(events, catalogue=shipped_catalogue())
    (block,) = engine.decide_columns(columns, engine.new_state())
    seen = matrix(table(using(), events))
    contributions = booster().predict(seen, pred_contrib=True)
    explained = 0
    for i in range(len(block)):
        decision = block.decision(i)
        hits = {hit.rule for hit in decision.hits}
        (said,) = decision.models
        if not hits & {"model.high", "model.very_high"}:
            assert said.contributions is msgspec.UNSET
            assert b"contributions" not in decision.to_json()
            continue
        explained += 1
        by_input = dict(zip(NAMES, contributions[i], strict=False))
        amounts = [one.amount for one in said.contributions]
        assert len(amounts) <= 5
        largest = sorted(map(abs, by_input.values()), reverse=True)[: len(amounts)]
        np.testing.assert_allclose(np.abs(amounts), largest, atol=1e-6)
        for one in said.contributions:
            assert one.amount == pytest.approx(by_input[one.input], abs=1e-6)
            assert one.code == f"card-fraud.{one.input}.{'raises' if one.amount > 0 else 'lowers'}"
            assert one.reason.zh
            assert one.reason.en
    assert explained > 10


def test_reasons_are_sentences_with_titles_and_units() -> None:
    events = payments(400, seed=3)
    engine = Engine(using())
    columns = EventColumns.from_events(events, catalogue=shipped_catalogue())
    (block,) = engine.decide_columns(columns, engine.new_state())
    said = {one.code: one for i in range(len(block)) for one in block.models(i)[0].contributions}
    amount = next(one for code, one in said.items() if ".amount.raises" in code)
    assert amount.reason.zh.startswith("金额：")
    assert amount.reason.en.startswith("Amount: ")
    assert "CNY" in amount.reason.en
    assert "(risk +" in amount.reason.en
    assert "风险上升" in amount.reason.zh


def test_policies_without_models_say_nothing_of_them() -> None:
    policy = load_policy(LEARNING, source="l", catalogue=shipped_catalogue())
    engine = Engine(policy)
    decision = engine.decide(payments(1, seed=1)[0], engine.new_state())
    assert decision is not None
    assert b"models" not in decision.to_json()


def test_the_table_of_decisions_has_a_column_a_model() -> None:
    events = payments(50, seed=4)
    engine = Engine(using())
    columns = EventColumns.from_events(events, catalogue=shipped_catalogue())
    (block,) = engine.decide_columns(columns, engine.new_state())
    assert block.frame()["fraud_probability"].to_list() == [
        block.decision(i).models[0].probability for i in range(50)
    ]


# -- what is refused -----------------------------------------------------------------------------


def faults(text: str) -> str:
    with pytest.raises(FaultsError) as caught:
        using(text)
    return str(caught.value)


REFUSED = {
    "compared with money": (
        USING.replace("when: amount >= 900", "when: fraud_probability >= amount"),
        "money",
    ),
    "compared with a text": (
        USING.replace("when: amount >= 900", 'when: fraud_probability == "high"'),
        "text",
    ),
    "above every probability": (
        USING.replace("when: amount >= 900", "when: fraud_probability >= 85"),
        "a probability is from 0 to 1",
    ),
    "an unknown model": (USING.replace("card-fraud,", "card-frauds,"), "card-frauds"),
    "an unknown version": (USING.replace("version: 2026-11-01", "version: 2026-12-01"), "2026-12"),
    "a key too much": (USING.replace("version: 2026-11-01}", "version: 2026-11-01, x: 1}"), "'x'"),
    "not a mapping": (USING.replace("{model: card-fraud, version: 2026-11-01}", "x"), "expected"),
    "another window": (
        USING.replace("count() over card last 1h", "count() over card last 2h"),
        "over card last 1h`, here it is",
    ),
    "another delay": (
        USING.replace("over device last 7d", "over device last 7d delayed 1d"),
        "delayed 1d",
    ),
    "a where clause": (
        USING.replace("over card last 24h", "over card last 24h where amount > 5"),
        "where amount > 5",
    ),
    "a parameter of another value": (
        USING.replace("value: 800", "value: 700"),
        "unusual, in parameter limits.large",
    ),
    "a feature of a feature": (
        USING.replace("last 7d excluding current", "last 8d excluding current"),
        "in card_amount_mean_7d",
    ),
    "another currency": (USING.replace("unknown: record", "unknown: record\ncurrency: USD"), "USD"),
    "another time zone": (
        USING.replace("unknown: record", "unknown: record\ntime_zone: Europe/Berlin"),
        "time zone",
    ),
    "other event types": (
        USING.replace("[payment.initiated]", "[payment.initiated, transfer.initiated]"),
        "transfer.initiated",
    ),
    "a feature that is gone": (
        USING.replace("  hour_of_day: hour(occurred_at)\n", ""),
        "there is no hour_of_day",
    ),
    "a feature with another name": (
        USING.replace("hour_of_day:", "hour_of_days:"),
        "did you mean 'hour_of_days'",
    ),
    "fed by itself": (
        USING.replace("hour_of_day: hour(occurred_at)", "hour_of_day: fraud_probability * 2"),
        "computed from the model",
    ),
    "a name that is taken": (
        USING.replace("fraud_probability:", "amount:").replace("fraud_probability", "amount"),
        "already something called amount",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    text, message = REFUSED[name]
    assert text != USING
    assert message in faults(text)


SAME = {
    "layout": ("count() over card last 1h", "count()   over card  last 60m"),
    "types spelled out": (
        "count() over card last 1h",
        "count() of payment.initiated over card last 1h",
    ),
    "brackets": ("ratio(amount, card_amount_mean_7d)", "(ratio( amount,card_amount_mean_7d ))"),
    "a comment": ("unknown: record", "unknown: record # as always"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_fits(name: str) -> None:
    was, now = SAME[name]
    assert was in USING
    assert using(USING.replace(was, now)).models


def test_a_policy_that_nobody_gave_models_says_so() -> None:
    with pytest.raises(FaultsError, match="nothing was said about where models are"):
        load_policy(USING, source="using", catalogue=shipped_catalogue())


def test_a_probability_is_a_number_to_arithmetic() -> None:
    text = USING.replace(
        "when: amount >= 900",
        "when: fraud_probability * amount > 300 and max(fraud_probability, 0.1) - 0.05 > 0",
    )
    assert using(text).models


def test_an_unknown_model_is_one_fault_whatever_uses_it() -> None:
    with pytest.raises(FaultsError) as caught:
        using(USING.replace("card-fraud,", "card-frauds,"))
    assert [fault.code for fault in caught.value.faults] == ["model.missing"]
    assert caught.value.faults[0].line is not None


# -- where models come from ----------------------------------------------------------------------


def test_models_are_found_in_folders_by_name_and_version(tmp_path: Path) -> None:
    write_model(model(), tmp_path / "card-fraud" / "2026-11-01")
    store = FolderStore([tmp_path / "nothing", tmp_path])
    policy = load_policy(USING, source="u", catalogue=shipped_catalogue(), store=store)
    assert policy.hash == using().hash
    other = USING.replace("version: 2026-11-01", "version: 2026-11-02")
    with pytest.raises(FaultsError, match="there is 2026-11-01"):
        load_policy(other, source="u", catalogue=shipped_catalogue(), store=store)
    other = USING.replace("card-fraud,", "cardfraud,")
    with pytest.raises(FaultsError, match="did you mean 'card-fraud'"):
        load_policy(other, source="u", catalogue=shipped_catalogue(), store=store)


def test_a_model_in_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    write_model(model(), tmp_path / "card-fraud" / "2026-11-02")
    other = USING.replace("version: 2026-11-01", "version: 2026-11-02")
    with pytest.raises(FaultsError, match="its folder says"):
        load_policy(other, source="u", catalogue=shipped_catalogue(), store=FolderStore([tmp_path]))


def test_the_policys_hash_depends_on_the_models_content() -> None:
    assert using().hash != load_policy(LEARNING, source="l", catalogue=shipped_catalogue()).hash
    content = json.loads(model().canonical)
    assert content["name"] == "card-fraud"
    assert using().models["fraud_probability"].hash == model().hash


def test_a_text_carries_its_models() -> None:
    carried = with_models(USING, using())
    assert with_models(carried, using()) == carried
    policy = load_policy(carried, source="carried", catalogue=shipped_catalogue())
    assert policy.hash == using().hash
    assert policy.models["fraud_probability"].hash == model().hash
    text, held = without_models(carried, source="carried")
    assert held is not None
    assert text == USING
    strange = USING.replace("几乎确定", '"几乎\u2028确定"')
    again = load_policy(
        with_models(strange, using(strange)), source="carried", catalogue=shipped_catalogue()
    )
    assert again.hash == using(strange).hash != using().hash
    assert with_models(LEARNING, using(LEARNING)) == LEARNING


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-40],
        lambda line: line.replace(model().hash[:8], "00000000"),
        lambda line: MARK + "nothing",
        lambda line: MARK,
    ],
    ids=["cut short", "another hash", "nothing", "empty"],
)
def test_a_text_with_a_spoilt_model_is_refused(spoil: object) -> None:
    carried = with_models(USING, using())
    lines = carried.splitlines()
    lines[-1] = spoil(lines[-1])  # type: ignore[operator]
    with pytest.raises(FaultsError, match=r"model\.damaged"):
        load_policy("\n".join(lines), source="carried", catalogue=shipped_catalogue())


LINKED = """\
policy: linked
version: 1
title: {zh: 关联, en: Linked}
events: [payment.initiated]
unknown: record
features:
  customer_degree_30d: degree() over customer by device last 30d
"""
RING = Characteristic(
    input=0,
    edges=(1.0,),
    bins=(Bin(log_odds=-1.0, count=90), Bin(log_odds=4.0, count=10)),
    missing=Bin(log_odds=0.0, count=0),
)


def linked(text: str) -> Policy:
    plain = load_policy(LINKED, source="linked", catalogue=shipped_catalogue())
    about = About(name="ring", version="1", title=Bilingual(zh="团伙", en="Ring"))
    card = EvidenceCard(intercept=-1.0, characteristics=(RING,))
    inputs = inputs_of(plain, ["customer_degree_30d"])
    store = HeldModels([Model.of_card(card, about=about, inputs=inputs)])
    return load_policy(text, source="linked", catalogue=shipped_catalogue(), store=store)


def test_features_of_links_feed_a_model() -> None:
    text = LINKED + 'models:\n  ring_probability: {model: ring, version: "1"}\n'
    engine, other = Engine(linked(text)), Engine(linked(text))
    events = payments(150, seed=9)
    expected = one_by_one(engine, events, engine.new_state())
    assert in_columns(other, events, other.new_state()) == expected
    for one in map(json.loads, expected):
        degree = one["features"]["customer_degree_30d"]
        log_odds = -1.0 + (0.0 if degree is None else 4.0 if degree > 1 else -1.0)
        said = one["models"][0]["probability"]
        assert said == pytest.approx(1 / (1 + math.exp(-log_odds)), rel=1e-12)
    with pytest.raises(FaultsError, match="last 30d"):
        linked(text.replace("last 30d", "last 31d"))
