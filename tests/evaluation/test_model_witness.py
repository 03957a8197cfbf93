"""What an explanation says of a model, with what must be hidden hidden."""

from samples import HOUR, batches, load, payment

from fengkong.core.bilingual import Bilingual
from fengkong.decisions.model_inputs import inputs_of
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.explanation import explain
from fengkong.evaluation.masking import Masking
from fengkong.evaluation.trace import trace_lines
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring.evidence import Bin, Characteristic, EvidenceCard
from fengkong.scoring.model import About, Model
from fengkong.scoring.store import HeldModels

PLAIN = """\
policy: witnessed
version: 1
title: {zh: 见证, en: Witnessed}
events: [payment.initiated]
unknown: record
features:
  customer_city_last: last(city) over customer
  card_count_1d: count() over card last 1d
"""
CITIES = ("上海市", "杭州市")
NONE = Bin(log_odds=0.0, count=1)


def model() -> Model:
    """A scorecard of a count, and of a city, which is personal."""
    names = ["card_count_1d", "city"]
    inputs = inputs_of(load(PLAIN), names, categories={"city": CITIES})
    count = Characteristic(
        input=0,
        edges=(1.0,),
        bins=(Bin(log_odds=-1.0, count=50), Bin(log_odds=1.5, count=50)),
        missing=NONE,
    )
    city = Characteristic(
        input=1,
        groups=((0,),),
        bins=(Bin(log_odds=2.0, count=20), Bin(log_odds=-0.5, count=80)),
        missing=NONE,
    )
    about = About(name="witness", version="1", title=Bilingual(zh="见证", en="Witness"))
    card = EvidenceCard(intercept=-1.0, characteristics=(count, city))
    return Model.of_card(card, about=about, inputs=inputs)


def told(masking: Masking) -> tuple[object, str, str]:
    """The model's part of an explanation, and the trace in both languages."""
    policy = load_policy(
        PLAIN + 'models:\n  risk: {model: witness, version: "1"}\n',
        source="witnessed",
        catalogue=shipped_catalogue(),
        store=HeldModels([model()]),
    )
    history = [
        payment("p1", card="k", city="杭州市"),
        payment("p2", card="k", at=HOUR, city="上海市"),
    ]
    explanation = explain(policy, batches(history, rows=2), "p2", masking=masking)
    (shown,) = explanation.models
    zh, en = (
        "\n".join(map(str, trace_lines(explanation, language=language)))
        for language in ("zh", "en")
    )
    return shown, zh, en


def test_the_model_its_probability_and_its_contributions_are_shown() -> None:
    shown, zh, en = told(Masking.NOTHING)
    assert (shown.model, shown.version, shown.hash) == ("witness", "1", model().hash)
    codes = [one.code for one in shown.contributions]
    assert codes == ["witness.city.raises", "witness.card_count_1d.raises"]
    assert shown.contributions[0].amount > shown.contributions[1].amount > 0
    assert "上海市" in shown.contributions[0].text.zh
    assert "概率：" in zh
    assert "probability: " in en
    assert "witness.city.raises" in en


def test_of_a_hidden_input_only_the_amount_is_told() -> None:
    shown, zh, en = told(Masking.PERSONAL)
    city = next(one for one in shown.contributions if one.input == "city")
    assert city.masked
    assert city.amount > 0
    assert "上海市" not in city.text.zh + city.text.en
    said = [line for line in (zh + en).splitlines() if "***" in line]
    assert said
