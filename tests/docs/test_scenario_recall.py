"""The table of recall by scenario holds every shipped pack and every scenario of the simulator."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fengkong.simulation.scenarios import shipped_scenarios

LANGUAGES = ("en", "zh")
FRAUDS = [name for name, scenario in shipped_scenarios().items() if scenario.is_fraud]
STRESSES = [name for name in shipped_scenarios() if name not in FRAUDS]


def page_of(docs: Path, language: str) -> str:
    name = "scenario-recall.zh.md" if language == "zh" else "scenario-recall.md"
    return (docs / "reference" / name).read_text(encoding="utf-8")


def numbers_of(text: str) -> list[list[str]]:
    """The rows of all tables, without their titles."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if "%" in row[-1]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pack_and_no_scenario_is_missing(
    scenario_models: ModuleType, docs: Path, language: str
) -> None:
    text = page_of(docs, language)
    assert scenario_models.lacking(text) == []
    first, _, rest = text.partition("\n## ")
    recalled = {row[0].removeprefix("· ") for row in numbers_of(first)}
    assert recalled == {*scenario_models.PACKS, *FRAUDS}
    stressed = {row[0].partition(" · ")[2] for row in numbers_of(rest)}
    assert stressed == set(STRESSES) == {"redemption_run"}


def test_every_row_has_a_share_in_each_column_and_both_pages_say_the_same(docs: Path) -> None:
    english, chinese = (numbers_of(page_of(docs, language)) for language in LANGUAGES)
    assert english == chinese
    for row in english:
        assert int(row[1].replace(",", "")) > 0
        assert all(0.0 <= float(cell.removesuffix("%")) <= 100.0 for cell in row[2:])
        assert len(row) == 6


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("smurfing", "smurfing"),
        ("redemption_run", "redemption_run"),
        ("| loan_applications", "loan_applications"),
        ("`card_geo`", "card_geo"),
    ],
)
def test_what_is_left_out_is_named(
    scenario_models: ModuleType, docs: Path, line: str, name: str
) -> None:
    lines = page_of(docs, "en").splitlines()
    assert scenario_models.lacking("\n".join(one for one in lines if line not in one)) == [name]


def test_a_page_that_lacks_a_scenario_is_not_written(scenario_models: ModuleType) -> None:
    """A test of one pack with one scenario: the tool refuses and says what is missing."""
    one = scenario_models.Tested(
        pack="payments",
        fraud=np.array([True, True, False]),
        scenarios=np.array(["smurfing", "smurfing", ""]),
        flags=np.array([[True] * 4, [False] * 4, [False] * 4]),
    )
    assert list(scenario_models.fraud_rows(one)) == [
        ("payments", "2", *["50.0%"] * 4),
        ("· smurfing", "2", *["50.0%"] * 4),
    ]
    with pytest.raises(SystemExit, match=r"nothing was written.*loan_applications.*mule_ring"):
        scenario_models.page([one], "en", seeds=[1])


def test_a_stress_is_counted_apart_from_fraud(scenario_models: ModuleType) -> None:
    one = scenario_models.Tested(
        pack="transfers",
        fraud=np.array([False, False, False, True]),
        scenarios=np.array(["redemption_run", "redemption_run", "", "mule_ring"]),
        flags=np.array([[True] * 4, [False] * 4, [False] * 4, [True] * 4]),
    )
    assert [row[0] for row in scenario_models.fraud_rows(one)] == ["transfers", "· mule_ring"]
    assert list(scenario_models.stress_rows(one)) == [
        ("transfers · redemption_run", "2", *["50.0%"] * 4)
    ]


def test_every_column_keeps_to_its_share_of_good_rows(scenario_models: ModuleType) -> None:
    dice = np.random.default_rng(7)
    fraud = dice.random(20_000) < 0.02
    points = dice.integers(0, 5, len(fraud)).astype(np.float64) + 2.0 * fraud
    chances = dice.random(len(fraud)) * 0.5 + 0.3 * fraud
    for numbers in (points, chances, scenario_models.both(points, chances, fraud=fraud)):
        assert scenario_models.flagged(numbers, fraud=fraud)[~fraud].mean() <= scenario_models.SHARE
