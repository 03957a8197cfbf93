"""The commands of models from training to publishing, on a small world of payments."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import typer

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
from payments_of_tests import CONFIG, written

from fengkong.cli import main
from fengkong.cli.sources import locate
from fengkong.core.errors import FaultsError, RiskError
from fengkong.evaluation.training_plan import read_training
from fengkong.evaluation.training_policy import feature_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.scoring import optimal_binning
from fengkong.scoring.errors import DamagedModelError

SMALL = CONFIG.replace("search: {num_leaves: [3, 5]}\n", "").replace("windows: 2", "windows: 1")


def run(*arguments: object) -> None:
    """A command, in this process."""
    main.app(args=[str(one) for one in arguments], prog_name="fengkong", standalone_mode=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder with payments and a model trained on them."""
    folder = tmp_path_factory.mktemp("models")
    events, config = written(folder)
    config.write_text(SMALL, encoding="utf-8")
    run(
        *("model", "train", config, "--events", events, "--mapping", "card_payments"),
        *("--from", "2018-05-06", "--days", 7, "--delay", 7, "--out", folder / "model"),
    )
    return folder, events


def policy_with_model(folder: Path, *, condition: str = "is_fraud") -> Path:
    """A policy that uses the model and declares its features."""
    plan, document = read_training(SMALL, source="training.yaml")
    shipped = locate("card_payments", kind="policy")
    made = feature_policy(
        shipped.read_text(encoding="utf-8"), source="policy.yaml", plan=plan, document=document,
        catalogue=shipped_catalogue(),
    )  # fmt: skip
    path = folder / "policy.yaml"
    text = made.text.replace("where\n    is_fraud", f"where {condition}")
    path.write_text(
        text
        + "models: {fraud_probability: {model: small_payments, version: 2}}\n"
        + "rules:\n- {id: model.high, when: fraud_probability >= 0.5, outcome: review,"
        + " reason: {zh: 高, en: high}}\n",
        encoding="utf-8",
    )
    return path


def test_scores_are_what_the_policy_says(trained: tuple[Path, Path], tmp_path: Path) -> None:
    """A model scores a file as the engine scores it inside a policy, to the bit."""
    folder, events = trained
    policy = policy_with_model(tmp_path)
    run("model", "publish", folder / "model", "--policy", policy)
    assert (tmp_path / "models" / "small_payments" / "2" / "model.json").is_file()
    run("model", "publish", folder / "model", "--policy", policy)  # again is no fault
    scores, decisions = tmp_path / "scores.parquet", tmp_path / "decisions.parquet"
    run(
        *("model", "score", folder / "model", "--events", events, "--mapping", "card_payments"),
        *("--from", "2018-05-20", "--to", "2018-05-22", "--out", scores),
    )
    run(
        *("replay", policy, "--events", events, "--mapping", "card_payments"),
        *("--out", decisions),
    )
    found = pl.read_parquet(scores)
    online = pl.read_parquet(decisions).join(found, on="event_id", maintain_order="right")
    assert found.height > 100
    assert online["fraud_probability"].to_list() == found["probability"].to_list()


def test_a_policy_that_means_something_else_gets_no_model(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, _ = trained
    policy = policy_with_model(tmp_path, condition="is_fraud and amount < 100")
    with pytest.raises(FaultsError) as caught:
        run("model", "publish", folder / "model", "--policy", policy)
    assert {fault.code for fault in caught.value.faults} == {"model.inputs_differ"}
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:-40], lambda data: data.replace(b"0.", b"1.", 1)],
    ids=["cut", "edited"],
)
def test_a_model_that_was_cut_or_edited_is_refused(
    trained: tuple[Path, Path], tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    folder, events = trained
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (folder / "model").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    model = copy / "model.json"
    model.write_bytes(spoil(model.read_bytes()))
    out = tmp_path / "scores.parquet"
    with pytest.raises(DamagedModelError):
        run("model", "score", copy, "--events", events, "--mapping", "card_payments", "--out", out)
    with pytest.raises(DamagedModelError):
        run("model", "publish", copy, "--policy", policy_with_model(tmp_path))
    assert not out.exists()
    assert not (tmp_path / "models").exists()


def test_reports_and_comparisons(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, events = trained
    model = folder / "model"
    for name in ("report.html", "report.pdf", "report.md", "report.json"):
        run("model", "report", model, "--out", tmp_path / name, "--language", "zh")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "模型报告" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(RiskError, match=r"report\.doc"):
        run("model", "report", model, "--out", tmp_path / "report.doc")
    capsys.readouterr()
    run(
        *("model", "compare", model, model, "--events", events, "--mapping", "card_payments"),
        *("--from", "2018-05-20", "--json"),
    )
    found = json.loads(capsys.readouterr().out)
    assert found["frauds"] > 0
    assert {one["difference"]["value"] for one in found["figures"]} == {0.0}
    run("model", "compare", model, model, "--json")
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_nothing_is_written_when_training_fails(trained: tuple[Path, Path], tmp_path: Path) -> None:
    folder, events = trained
    config = tmp_path / "training.yaml"
    config.write_text(SMALL.replace("least_frauds: 20", "least_frauds: 5000"), encoding="utf-8")
    with pytest.raises(FaultsError):
        run(
            *("model", "train", config, "--events", events, "--mapping", "card_payments"),
            *("--out", tmp_path / "model"),
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["training.yaml"]
    assert folder.is_dir()


def test_a_missing_extra_is_named_before_the_work(
    trained: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = trained
    monkeypatch.setattr(optimal_binning, "find_spec", lambda _: None)
    config = tmp_path / "training.yaml"
    trees = "kind: trees, bags: 2, rounds: 15, parameters: {min_child_samples: 5}"
    text = SMALL.replace(trees, "kind: scorecard, binning: optbinning")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(optimal_binning.MissingOptbinningError):
        run(
            *("model", "train", config, "--events", folder / "no such file"),
            *("--out", tmp_path / "model"),
        )
    assert not (tmp_path / "model").exists()


def test_drift_is_seen_where_it_is(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, events = trained
    frame = pl.read_parquet(events)
    late = pl.col("TX_DATETIME") >= pl.datetime(2018, 5, 20)
    dearer = pl.when(late).then(pl.col("TX_AMOUNT") * 3).otherwise(pl.col("TX_AMOUNT"))
    moved = tmp_path / "moved.parquet"
    frame.with_columns(dearer.alias("TX_AMOUNT")).write_parquet(moved)
    lamps = []
    for path in (events, moved):
        asked = ("--mapping", "card_payments", "--then-from", "2018-05-06", "--from", "2018-05-20")
        try:
            run("model", "watch", folder / "model", "--events", path, *asked, "--json")
        except typer.Exit as end:
            assert end.exit_code == 1
        found = json.loads(capsys.readouterr().out)
        lamps.append({one["of"]: one["lamp"] for one in found["figures"] if one["what"] == "input"})
    assert lamps[0]["amount"] == "green"
    assert lamps[1]["amount"] == "red"
    assert lamps[0]["customer_payment_count_7d"] == lamps[1]["customer_payment_count_7d"]
