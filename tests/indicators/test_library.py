"""The shipped library: complete, in two languages, and right in its own worked examples."""

import re
from importlib.resources import files

import pytest

from fengkong.core.errors import FaultsError
from fengkong.indicators.examples import failed_examples
from fengkong.indicators.indicator import RiskGroup
from fengkong.indicators.library_file import load_library, shipped_library
from fengkong.indicators.references import Basis
from fengkong.rules.kinds import Kind

LIBRARY = shipped_library()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ARTICLE = re.compile(r"第.+条|（\d{4}|〔\d{4}〕|惯例|号条例")

SOURCE = """
sources:
  till:
    title: {zh: 款箱, en: Till}
    meaning: {zh: 款箱, en: Till}
    kind: file
    owner: treasury
    segments: {shop: {zh: 店, en: Shop}}
    columns: {cash: money, days: number max}
"""
GOOD = """
indicators:
  - id: funds.cash
    group: funds
    title: {zh: 现金, en: Cash}
    meaning: {zh: 现金, en: Cash}
    unit: money
    source: till
    owner: treasury
    reference: a test
    measures: {before: value(cash) delayed 1d}
    formula: cash - before
    thresholds: {direction: below, rules: {2026-01-01: {fixed: {red: -1}, reference: a test}}}
    tests: [{given: [{cash: 1}, {cash: 3.5}], expect: 2.5}]
"""
FAULTS = [
    ("formula: cash - before", "formula: cash - befor", "unknown name befor"),
    ("formula: cash - before", "formula: cash +", "not an expression"),
    ("source: till", "source: tull", "did you mean till"),
    ("value(cash)", "valve(cash)", "did you mean value"),
    ("value(cash)", "value(cush)", "did you mean cash"),
    ("value(cash) delayed 1d", "hhi(cash) by shap", "did you mean shop"),
    ("value(cash) delayed 1d", "value of cash", "is no measure"),
    ("value(cash) delayed 1d", "value_at_risk(cash) last 60d", "at least 100d"),
    ("id: funds.cash", "id: Cash", "is no id"),
    ("unit: money", "unit: coins", "Invalid enum value 'coins'"),
    ("{red: -1}", "{rad: -1}", "did you mean red"),
    ("fixed:", "fixd:", "are one of fixed"),
    (", reference: a test}}}", "}}}", "need a reference"),
    ("2026-01-01:", "tomorrow:", "is not a date"),
    ("owner: treasury\n    reference", "ovner: treasury\n    reference", "unknown field `ovner`"),
    ("group: funds", "group: fun", "Invalid enum value 'fun'"),
]


@pytest.mark.parametrize("indicator", LIBRARY.indicators.values(), ids=lambda one: one.id)
def test_an_indicator_computes_its_examples(indicator) -> None:
    assert indicator.tests, "an indicator without an example proves nothing"
    assert failed_examples(indicator) == []


def test_every_group_has_indicators_and_ids_begin_with_it() -> None:
    for group in RiskGroup:
        assert LIBRARY.of_group(group), group
    assert [
        one.id for one in LIBRARY.indicators.values() if one.id.split(".")[0] != one.group
    ] == []


def test_every_source_is_read_and_every_indicator_has_a_rule() -> None:
    read = {one.source.id for one in LIBRARY.indicators.values()}
    assert read == set(LIBRARY.sources)
    assert all(one.thresholds.rules for one in LIBRARY.indicators.values())


def test_everything_says_what_it_rests_on_in_both_languages() -> None:
    """Every definition and threshold names a ground that is declared; every ground is used."""
    named = {one.reference for one in LIBRARY.indicators.values()}
    named |= {
        rule.reference for one in LIBRARY.indicators.values() for rule in one.thresholds.rules
    }
    assert named == set(LIBRARY.references)
    for name, ground in LIBRARY.references.items():
        assert CHINESE.search(ground.title.zh), name
        assert not CHINESE.search(ground.title.en.replace("银发〔2014〕127", "")), name
        if ground.basis is Basis.LAW:
            assert ARTICLE.search(ground.title.zh), f"{name}: which rule, of when"
        if ground.basis is Basis.HOUSE:
            assert (
                "设定" in ground.title.zh or "口径" in ground.title.zh or "倍数" in ground.title.zh
            )


def test_no_text_is_missing_in_a_language() -> None:
    texts = {one.id: [one.title, one.meaning] for one in LIBRARY.indicators.values()}
    texts |= {
        one.id: [one.title, one.meaning, *one.segments.values(), *(c.title for c in one.checks)]
        for one in LIBRARY.sources.values()
    }
    for name, every in texts.items():
        for text in every:
            assert CHINESE.search(text.zh), f"{name}: {text.zh}"
            assert text.en.strip(), name
            assert not CHINESE.search(text.en), f"{name}: {text.en}"


def test_an_undeclared_reference_is_taken_as_it_is_written() -> None:
    library = load_library({"a.yaml": SOURCE, "b.yaml": GOOD})
    assert library.reference("a test").title.en == "a test"
    bad = {"a.yaml": "references: {x: {basis: law, title: {zh: 甲}}}"}
    with pytest.raises(FaultsError, match="en"):
        load_library(bad)


def test_the_good_file_is_read() -> None:
    library = load_library({"a.yaml": SOURCE, "b.yaml": GOOD})
    indicator = library.indicator("funds.cash")
    assert indicator.formula.kind is Kind.MONEY
    assert indicator.lookback == 2
    assert failed_examples(indicator) == []


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_fault_is_named_with_its_line(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(FaultsError) as caught:
        load_library({"a.yaml": SOURCE, "b.yaml": GOOD.replace(old, new)})
    fault = caught.value.faults[0]
    assert message in fault.message
    assert fault.source == "b.yaml"
    assert fault.line == 3


def test_faults_of_all_files_come_at_once() -> None:
    bad = GOOD.replace("cash - before", "nothing")
    with pytest.raises(FaultsError) as caught:
        load_library({"a.yaml": SOURCE, "b.yaml": bad, "c.yaml": bad, "d.yaml": "sources: [1]"})
    assert {fault.source for fault in caught.value.faults} == {"b.yaml", "c.yaml", "d.yaml"}


def test_a_wrong_example_is_told() -> None:
    library = load_library({"a.yaml": SOURCE, "b.yaml": GOOD.replace("expect: 2.5", "expect: 2.4")})
    assert failed_examples(library.indicator("funds.cash")) == [
        "funds.cash, example 1: expected 240.0, was 250.0"
    ]


PLAYBOOKS = files("fengkong") / "packs" / "playbooks"


@pytest.mark.skipif(not PLAYBOOKS.is_dir(), reason="the pack of playbooks is not there")
def test_every_playbook_that_is_named_exists() -> None:
    written = {path.name.removesuffix(".yaml") for path in PLAYBOOKS.iterdir()}
    named = {one.playbook for one in LIBRARY.indicators.values() if one.playbook}
    assert named <= written
