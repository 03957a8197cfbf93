"""Champion and challenger: a fixed share by subject, the same in every replay, both recorded."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from learning import CITIES, NAMES, USING, booster, learning, model, payments
from streams import in_columns, one_by_one

from fengkong.core.errors import FaultsError
from fengkong.decisions.carried import with_models
from fengkong.decisions.engine import Engine
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.scoring.calibration import platt
from fengkong.scoring.challengers import Challenger
from fengkong.scoring.model import Model
from fengkong.scoring.store import HeldModels

ENTRY = "{model: card-fraud, version: 2026-11-01}"


def newer() -> Model:
    """The same trees, calibrated otherwise."""
    return Model.of_lightgbm(
        booster(),
        about=replace(model().about, version="2026-12-01"),
        inputs=inputs_of(learning(), NAMES, categories={"city": CITIES}),
        calibration=platt(slope=2.0, offset=0.5),
    )


def challenged(share: str = "30%", by: str = "customer") -> Policy:
    challenger = f"{{model: card-fraud, version: 2026-12-01, share: {share}, by: {by}}}"
    entry = ENTRY.replace("}", f", challenger: {challenger}}}")
    return load_policy(
        USING.replace(ENTRY, entry),
        source="challenged",
        catalogue=shipped_catalogue(),
        store=HeldModels([model(), newer()]),
    )


def test_a_subject_stays_on_its_side_and_both_are_recorded() -> None:
    events = payments(400, seed=5)
    columns = EventColumns.from_events(events, catalogue=shipped_catalogue())
    engine = Engine(challenged(share="0.5"))
    (block,) = engine.decide_columns(columns, engine.new_state())
    plain = Engine(load_policy(
        USING, source="p", catalogue=shipped_catalogue(), store=HeldModels([model()])
    ))  # fmt: skip
    (alone,) = plain.decide_columns(columns, plain.new_state())
    sides: dict[object, set[bool]] = {}
    for i, event in enumerate(events):
        (said,) = block.decision(i).models
        (champion,) = alone.decision(i).models
        sides.setdefault(event.values.get("customer"), set()).add(said.challenged)
        both = {said.version: said.probability, said.other.version: said.other.probability}
        assert both["2026-11-01"] == champion.probability
        assert (said.version == "2026-12-01") == said.challenged
        assert said.hash == (newer().hash if said.challenged else model().hash)
        hits = {hit.rule for hit in block.decision(i).hits}
        assert ("model.high" in hits) == (said.probability >= 0.5)
    assert all(len(side) == 1 for side in sides.values())
    assert sides[None] == {False}, "who is not known stays with the champion"
    assert {True} in sides.values()
    assert block.frame()["fraud_probability.other"].null_count() == 0


def test_one_by_one_and_in_columns_agree() -> None:
    events = payments(120, seed=6)
    engine, other = Engine(challenged()), Engine(challenged())
    expected = one_by_one(engine, events, engine.new_state())
    assert in_columns(other, events, other.new_state()) == expected
    assert any(b'"challenged":true' in one for one in expected)


def test_contributions_are_those_of_the_model_that_decided() -> None:
    events = payments(200, seed=7)
    columns = EventColumns.from_events(events, catalogue=shipped_catalogue())
    engine = Engine(challenged(share="100%"))
    (block,) = engine.decide_columns(columns, engine.new_state())
    for i, event in enumerate(events):
        (said,) = block.models(i)
        assert said.contributions is not msgspec.UNSET
        assert said.challenged == ("customer" in event.values)


def test_shadow_only_is_recorded_and_decides_nothing() -> None:
    events = payments(100, seed=8)
    columns = EventColumns.from_events(events, catalogue=shipped_catalogue())
    engine = Engine(challenged(share="0%"))
    (block,) = engine.decide_columns(columns, engine.new_state())
    said = [block.decision(i).models[0] for i in range(100)]
    assert not any(one.challenged for one in said)
    assert all(one.other.version == "2026-12-01" for one in said)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_is_the_share_whatever_the_way_of_asking(share: float) -> None:
    cells = np.random.default_rng(1).integers(0, 2**52, 20_000).astype(np.float64)
    cells[::50] = np.nan
    one = Challenger(model=model(), share=share, by="customer")
    taken = one.decides_rows(cells, name="p")
    assert taken[~np.isnan(cells)].mean() == pytest.approx(share, abs=0.02)
    assert not taken[np.isnan(cells)].any()
    some = [one.decides(cell, name="p") for cell in cells[:2000].tolist()]
    assert some == taken[:2000].tolist()
    other = one.decides_rows(cells, name="q")
    if 0.0 < share < 1.0:
        both = (taken & other)[~np.isnan(cells)].mean()
        assert both == pytest.approx(share**2, abs=0.03), "another value deals anew"


def test_a_text_carries_the_challenger_too() -> None:
    policy = challenged()
    text = with_models(USING.replace(ENTRY, ENTRY.replace(
        "}", ", challenger: {model: card-fraud, version: 2026-12-01, share: 30%, by: customer}}"
    )), policy)  # fmt: skip
    again = load_policy(text, source="carried", catalogue=shipped_catalogue())
    assert again.hash == policy.hash
    assert again.challengers["fraud_probability"].model.hash == newer().hash
    assert challenged(share="31%").hash != policy.hash


@pytest.mark.parametrize(
    ("share", "by", "message"),
    [
        ("130%", "customer", "a share is from"),
        ("-1", "customer", "a share is from"),
        ("few", "customer", "a share is from"),
        ("true", "customer", "a share is from"),
        ("10%", "custome", "did you mean 'customer'"),
        ("10%", "amount", "no field that tells subjects apart"),
    ],
)
def test_what_cannot_be_dealt_out_is_refused(share: str, by: str, message: str) -> None:
    with pytest.raises(FaultsError, match=message):
        challenged(share=share, by=by)
