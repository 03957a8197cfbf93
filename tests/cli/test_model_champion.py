"""`fengkong model train --champion`: two models on the same rows, in the report of the new one."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
from payments_of_tests import CONFIG, written

from fengkong.cli import main
from fengkong.cli.sources import read_policy
from fengkong.evaluation.document import html
from fengkong.evaluation.model_champion import OtherEventsError, check_champion
from fengkong.evaluation.model_folder import read_folder, read_report
from fengkong.evaluation.model_report import report_blocks
from fengkong.events.catalogue import shipped_catalogue

SMALL = CONFIG.replace("search: {num_leaves: [3, 5]}\n", "").replace("windows: 2", "windows: 1")
WEAKER = SMALL.replace("training: small_payments", "training: weaker_payments").replace(
    "inputs: [amount, amount_to_mean_before,", "inputs: [amount,"
)


def train(folder: Path, name: str, *more: object, config: str = SMALL, start: str = "06") -> Path:
    """The folder of a model that was trained from a day in May on the payments beside it."""
    path = folder / "training.yaml"
    path.write_text(config, encoding="utf-8")
    arguments = (
        *("model", "train", path, "--events", folder / "payments.parquet"),
        *("--mapping", "card_payments", "--from", f"2018-05-{start}", "--out", folder / name),
    )
    main.app(
        args=[str(one) for one in (*arguments, *more)],
        prog_name="fengkong",
        standalone_mode=False,
    )
    return folder / name


def champion_of(model: Path) -> dict[str, Any]:
    """What the report says about the champion."""
    report: dict[str, Any] = json.loads((model / "report.json").read_bytes())
    found: dict[str, Any] = report["champion"]
    return found | {"test": report["test"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Payments, a model, a weaker one, and one that learned ten days later."""
    made = tmp_path_factory.mktemp("champions")
    written(made)
    train(made, "weaker", config=WEAKER)
    train(made, "later", config=WEAKER, start="16")
    train(made, "alone")
    return made


def test_the_champion_is_judged_as_it_was_on_the_same_rows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On one test the champion's figures are those of its own report, to the bit."""
    capsys.readouterr()
    model = train(folder, "new", "--champion", folder / "weaker")
    assert "The champion weaker_payments" in capsys.readouterr().out
    found = champion_of(model)
    own = json.loads((folder / "weaker" / "report.json").read_bytes())["test"]
    assert (found["rows"], found["left_out"]) == (found["test"]["rows"], 0)
    assert (found["name"], found["learned_from_test"]) == ("weaker_payments", False)
    for one in found["figures"]:
        assert one["first"] == own[one["figure"]]["value"]
        assert one["second"] == found["test"][one["figure"]]["value"]
        assert one["difference"]["value"] == one["second"] - one["first"]
        assert one["difference"]["low"] <= one["difference"]["high"]
    assert any(one["difference"]["value"] != 0.0 for one in found["figures"])
    alone = (folder / "alone" / "model.json").read_bytes()
    assert (model / "model.json").read_bytes() == alone  # a champion changes no model


def test_a_model_beside_itself_is_no_better(folder: Path) -> None:
    found = champion_of(train(folder, "again", "--champion", folder / "alone"))
    assert {tuple(one["difference"].values()) for one in found["figures"]} == {(0.0, 0.0, 0.0)}
    assert found["sequence"]["standing"] == "undecided"


def test_the_report_says_where_the_champion_saw_the_test(folder: Path) -> None:
    model = train(folder, "earlier", "--champion", folder / "later")
    assert champion_of(model)["learned_from_test"]
    report = read_report(model)
    for language, said in (("zh", "其结果偏高"), ("en", "its figures flatter it")):
        page = html(report_blocks(report, language=language), language=language)
        assert said in page
        assert "weaker_payments" in page
        assert report.champion.figures[0].told_difference in page


def test_a_champion_that_decides_other_events_is_refused(folder: Path) -> None:
    champion = read_folder(folder / "alone", catalogue=shipped_catalogue())
    other = read_policy("transfers")
    with pytest.raises(OtherEventsError):
        check_champion(replace(champion, policy=other), champion.policy)
    check_champion(champion, champion.policy)
