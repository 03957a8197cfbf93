"""Training: what is seen when, what is refused, and that the same history gives the same model."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from payments_of_tests import CONFIG, DAY_US, FIRST_US, payments

from fengkong.cli.sources import find_mapping, locate
from fengkong.core.errors import FaultsError, RiskError
from fengkong.core.instants import parse_instant
from fengkong.evaluation.document import html, markdown, typst
from fengkong.evaluation.judgements import Period
from fengkong.evaluation.learning import Learned, learn
from fengkong.evaluation.lesson import Lesson
from fengkong.evaluation.model_comparison import ModelComparison, compare_models
from fengkong.evaluation.model_folder import (
    FolderInUseError,
    ModelFolder,
    read_folder,
    read_report,
    write_folder,
)
from fengkong.evaluation.model_report import card_blocks, report_blocks
from fengkong.evaluation.model_scores import write_scores
from fengkong.evaluation.training_plan import TrainingPlan, read_training
from fengkong.evaluation.training_policy import FeaturePolicy, feature_policy
from fengkong.evaluation.training_table import (
    FutureLabelError,
    TableRequest,
    TrainingTable,
    training_table,
)
from fengkong.evaluation.training_windows import (
    Window,
    judged_rows,
    schedule,
    training_rows,
    validation_windows,
)
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.events.readers import read_columns
from fengkong.scoring.calibration import platt
from fengkong.scoring.errors import DamagedModelError

WEEK = 7 * DAY_US


def planned(text: str = CONFIG) -> tuple[TrainingPlan, FeaturePolicy]:
    """The plan of a configuration with its policy."""
    plan, document = read_training(text, source="training.yaml")
    policy = locate("card_payments", kind="policy")
    made = feature_policy(
        policy.read_text(encoding="utf-8"),
        source="policy.yaml",
        plan=plan,
        document=document,
        catalogue=shipped_catalogue(),
    )
    return plan, made


def request(plan: TrainingPlan, **others: Any) -> TableRequest:
    return TableRequest(
        inputs=plan.inputs,
        entity="customer",
        amount="amount",
        delay=plan.delay,
        segments=("amount",),
        **others,
    )


@pytest.fixture(scope="module")
def events_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("payments") / "payments.parquet"
    payments().write_parquet(path)
    return path


def read(path: Path) -> Any:
    return read_columns([path], mapping=find_mapping("card_payments"))


@pytest.fixture(scope="module")
def lesson(events_file: Path) -> Lesson:
    plan, made = planned()
    return Lesson(
        table=training_table(made.policy, read(events_file), request=request(plan)), plan=plan
    )


def window_of(table: TrainingTable, plan: TrainingPlan) -> Window:
    wanted = schedule(plan, start="2018-05-06", length=WEEK, test=WEEK, time_zone="UTC")
    return wanted.window(first=int(table.occurred_at.min()))


@pytest.fixture(scope="module")
def learned(lesson: Lesson) -> Learned:
    window = window_of(lesson.table, lesson.plan)
    return learn(
        lesson, window=window, validation=list(validation_windows(window, count=2, step=WEEK))
    )


# -- windows -----------------------------------------------------------------------------------


def handbook_test(frame: pl.DataFrame, start: int) -> set[int]:
    """The rows of the test as the handbook's get_train_test_set takes them, day by day."""
    day = (frame["TX_DATETIME"].cast(pl.Int64).to_numpy() - FIRST_US) // DAY_US
    fraud, customer = frame["TX_FRAUD"].to_numpy() == 1, frame["CUSTOMER_ID"].to_numpy()
    known = set(customer[(day >= start) & (day < start + 7) & fraud])
    rows: set[int] = set()
    for number in range(7):
        known |= set(customer[(day == start + 7 + number - 1) & fraud])
        today = np.flatnonzero(day == start + 14 + number)
        rows |= {int(row) for row in today if customer[row] not in known}
    return rows


def test_the_test_is_that_of_the_handbook(lesson: Lesson) -> None:
    frame, table = payments(), lesson.table
    for start in (14, 21, 35):
        window = Window.of(
            since=FIRST_US + start * DAY_US, length=WEEK, delay=WEEK, test=WEEK, history=FIRST_US
        )
        found = np.flatnonzero(judged_rows(table, window, known_excluded=True))
        assert set(found.tolist()) == handbook_test(frame, start)
        everybody = judged_rows(table, window, known_excluded=False)
        assert everybody.sum() > len(found)


def test_nothing_unknown_is_learned_from(lesson: Lesson) -> None:
    table = lesson.table
    window = window_of(table, lesson.plan)
    rows = training_rows(table, window, labels_needed=True)
    assert table.occurred_at[rows].max() < window.until
    assert (table.mature_at[rows] <= window.begin).all()
    late = replace(window, delay=WEEK - DAY_US)
    fewer = training_rows(table, late, labels_needed=True)
    assert fewer.sum() < rows.sum()
    assert (table.occurred_at[fewer] + lesson.plan.delay <= late.begin).all()


def test_validation_is_over_and_known_before_the_test_begins(lesson: Lesson) -> None:
    window = window_of(lesson.table, lesson.plan)
    earlier = list(validation_windows(window, count=9, step=WEEK))
    assert len(earlier) == 2  # further back there is no history
    for one in earlier:
        assert one.end + lesson.plan.delay <= window.begin
        assert one.since >= window.history


def test_inputs_are_those_of_the_engine(lesson: Lesson) -> None:
    frame, table = payments(), lesson.table
    assert table.inputs[0].unit == "EUR"
    assert table.rows[:, 0] == pytest.approx(frame["TX_AMOUNT"].to_numpy())
    row = 4000
    before = frame[:row].filter(pl.col("CUSTOMER_ID") == frame["CUSTOMER_ID"][row])
    ratio = frame["TX_AMOUNT"][row] / before["TX_AMOUNT"].mean()
    assert table.rows[row, 1] == pytest.approx(ratio, rel=1e-3)


def test_the_future_changes_no_row(lesson: Lesson, events_file: Path, tmp_path: Path) -> None:
    """What comes later, its truth included, is in no input of what came before."""
    frame = payments()
    cut = 3000
    changed = frame.with_columns(
        pl.when(pl.int_range(frame.height) >= cut)
        .then(1 - pl.col("TX_FRAUD"))
        .otherwise(pl.col("TX_FRAUD"))
        .alias("TX_FRAUD")
    )
    path = tmp_path / "changed.parquet"
    changed.write_parquet(path)
    plan, made = planned()
    other = training_table(made.policy, read(path), request=request(plan))
    at = frame["TX_DATETIME"].cast(pl.Int64).to_numpy()
    same = at < at[cut] + plan.delay
    assert np.array_equal(other.rows[same], lesson.table.rows[same], equal_nan=True)
    assert not np.array_equal(other.rows, lesson.table.rows, equal_nan=True)


# -- labels that are events --------------------------------------------------------------------


def labelled(known_after: int) -> EventColumns:
    """One payment a day with a label each so long after it."""
    rows = []
    for n in range(10):
        at = FIRST_US + n * DAY_US
        rows.append(
            Event(
                type="payment.initiated", id=f"p{n}", occurred_at=at, currency="EUR",
                values={"customer": f"c{n}", "terminal": "t", "amount": 100 * n + 100},
            )
        )  # fmt: skip
        rows.append(
            Event(
                type="label.confirmed", id=f"l{n}", occurred_at=at + known_after, currency=None,
                values={"event": f"p{n}", "is_fraud": n % 2 == 0, "label_kind": "chargeback"},
            )
        )  # fmt: skip
    return EventColumns.from_events(sorted(rows, key=lambda event: event.occurred_at))


def test_a_label_counts_from_when_it_came() -> None:
    plan, made = planned(CONFIG.replace("from: rows", "from: labels"))
    asked = replace(request(plan), source=plan.truth.source)
    table = training_table(made.policy, [labelled(3 * DAY_US)], request=asked)
    assert table.fraud.tolist() == [n % 2 == 0 for n in range(10)]
    assert (table.known_at[table.fraud] - table.occurred_at[table.fraud] == 3 * DAY_US).all()
    as_of = FIRST_US + 8 * DAY_US
    assert table.frauds_known(as_of).nonzero()[0].tolist() == [0, 2, 4]
    assert table.usable(as_of).nonzero()[0].tolist() == [0, 1, 2, 4]


def test_a_label_from_the_future_is_refused() -> None:
    plan, made = planned(CONFIG.replace("from: rows", "from: labels"))
    asked = replace(request(plan), source=plan.truth.source)
    with pytest.raises(FutureLabelError, match="10 labels"):
        training_table(made.policy, [labelled(-DAY_US)], request=asked)


# -- learning ----------------------------------------------------------------------------------


def test_the_same_history_gives_the_same_model(lesson: Lesson, learned: Learned) -> None:
    window = window_of(lesson.table, lesson.plan)
    again = learn(
        lesson, window=window, validation=list(validation_windows(window, count=2, step=WEEK))
    )
    assert again.model.hash == learned.model.hash
    assert again.report == learned.report


def test_the_choice_does_not_look_at_the_test(lesson: Lesson, learned: Learned) -> None:
    """With the test's rows gone the same is chosen and the same is learned."""
    table, window = lesson.table, window_of(lesson.table, lesson.plan)
    kept = np.flatnonzero(table.occurred_at < window.begin)
    before = replace(
        table,
        **{name: getattr(table, name)[kept] for name in (
            *("occurred_at", "rows", "fraud", "known_at", "labelled", "mature_at", "entities"),
            *("amounts", "scenarios"),
        )},
        ids=table.ids.gather(kept),
        segments={name: series.gather(kept) for name, series in table.segments.items()},
    )  # fmt: skip
    blind = learn(
        replace(lesson, table=before),
        window=window,
        validation=list(validation_windows(window, count=2, step=WEEK)),
    )
    assert blind.report.test is None
    assert blind.report.candidates == learned.report.candidates
    assert blind.model.calibration == learned.model.calibration
    assert [tree.content() for tree in blind.model.trees] == [
        tree.content() for tree in learned.model.trees
    ]


def test_probabilities_are_right_on_average_where_they_were_calibrated(
    lesson: Lesson, learned: Learned
) -> None:
    rows = sum(one.figures.rows for one in learned.report.validation)
    frauds = sum(one.figures.frauds for one in learned.report.validation)
    predicted = sum(
        one.figures.curves.predicted[k] * part
        for one in learned.report.validation
        for k, part in enumerate(_parts(one.figures.rows, bins=len(one.figures.curves.predicted)))
    )
    assert lesson.plan.model.bags > 1
    assert predicted / rows == pytest.approx(frauds / rows, rel=0.1)


def _parts(rows: int, *, bins: int) -> list[int]:
    """How many rows each bin of equal counts has."""
    return [len(part) for part in np.array_split(np.arange(rows), bins)]


def test_the_report_speaks_both_languages(learned: Learned) -> None:
    for language in ("zh", "en"):
        blocks = report_blocks(learned.report, language=language)
        page = html(blocks, language=language)
        assert "<script" not in page
        assert page.count("<svg") == 4
        assert "undefined" not in page
        assert "#heading(level: 1" in typst(blocks, language=language)
        card = markdown(card_blocks(learned.report, language=language))
        assert ("模型卡" in card) == (language == "zh")
        assert "terminal_fraud_rate_7d_delayed_7d" in card


def test_a_folder_is_read_as_it_was_written(learned: Learned, tmp_path: Path) -> None:
    _, made = planned()
    folder = tmp_path / "model"
    write_folder(learned, policy_text=made.text, folder=folder)
    found = read_folder(folder, catalogue=shipped_catalogue())
    assert found.model.hash == learned.model.hash
    assert found.policy.hash == made.policy.hash
    assert read_report(folder) == learned.report
    with pytest.raises(FolderInUseError):
        write_folder(learned, policy_text=made.text, folder=folder)
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("7d", "8d"), encoding="utf-8")
    with pytest.raises(DamagedModelError):
        read_folder(folder, catalogue=shipped_catalogue())
    (folder / "report.json").write_text("{", encoding="utf-8")
    with pytest.raises(DamagedModelError):
        read_report(folder)


@pytest.mark.parametrize("rows", [997, 100_000])
def test_scores_do_not_depend_on_batches_or_period(
    learned: Learned, lesson: Lesson, events_file: Path, tmp_path: Path, rows: int
) -> None:
    _, made = planned()
    folder, out = tmp_path / "model", tmp_path / "scores.parquet"
    write_folder(learned, policy_text=made.text, folder=folder)
    batches = read_columns([events_file], mapping=find_mapping("card_payments"), batch_rows=rows)
    since = parse_instant("2018-05-20T00:00:00Z")
    summary = write_scores(
        read_folder(folder, catalogue=shipped_catalogue()),
        batches,
        period=Period(since=since),
        out=out,
    )
    table = lesson.table
    expected = learned.model.probabilities(table.rows[table.occurred_at >= since])
    found = pl.read_parquet(out)
    assert found["probability"].to_list() == expected.tolist()
    assert found["event_id"].to_list() == table.ids.filter(table.occurred_at >= since).to_list()
    assert summary.rows == len(expected)


def test_other_kinds_of_models_learn_too(lesson: Lesson) -> None:
    window = window_of(lesson.table, lesson.plan)
    for kind, search in (("scorecard", "{most: [4]}"), ("anomaly", "{trees: [20]}")):
        trees = "kind: trees, bags: 2, rounds: 15, parameters: {min_child_samples: 5}"
        text = CONFIG.replace(trees, f"kind: {kind}")
        plan, _ = planned(text.replace("{num_leaves: [3, 5]}", search))
        found = learn(replace(lesson, plan=plan), window=window, validation=[])
        assert found.report.test is not None
        assert found.report.test.roc_auc.value is not None
        assert str(found.model.kind) == kind


@pytest.mark.skipif(find_spec("optbinning") is None, reason="the extra is not installed")
def test_a_scorecard_learns_from_optimal_bins(lesson: Lesson) -> None:
    window = window_of(lesson.table, lesson.plan)
    trees = "kind: trees, bags: 2, rounds: 15, parameters: {min_child_samples: 5}"
    text = CONFIG.replace("{num_leaves: [3, 5]}", "{}")
    cards = []
    for binning in ("pooled", "optbinning"):
        plan, _ = planned(text.replace(trees, f"kind: scorecard, binning: {binning}"))
        cards.append(learn(replace(lesson, plan=plan), window=window, validation=[]))
    pooled, optimal = (one.model.card for one in cards)
    assert pooled is not None
    assert optimal is not None
    assert pooled != optimal
    assert len(optimal.characteristics) > 1


# -- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("inputs: [amount,", "inputs: [amount, amuont,", "training.invalid", "$.inputs[1]"),
        ("inputs: [amount,", "inputs: [amount, is_fraud,", "training.invalid", "$.inputs[1]"),
        ("inputs: [amount,", "inputs: [amount, occurred_at,", "training.invalid", "$.inputs[1]"),
        ("delayed 7d where is_fraud", "delayed 3d where is_fraud", "training.invalid",
         "$.features.terminal_fraud_count_7d_delayed_7d"),
        ("mean(amount) over customer", "mean(amoun) over customer",
         "features.invalid_declaration", "$.features.customer_amount_mean_before"),
        ("bags: 2", "bags: none", "training.invalid", "$.model.bags"),
        ("bags: 2", "bags: 0", "training.invalid", "$.model.bags"),
        ("bags: 2", "binning: optbinning", "training.invalid", "$.model.binning"),
        ("warm_up: 7d", "warm_up: soon", "training.invalid", "$.warm_up"),
        ("num_leaves: [3, 5]", "leaves: [3, 5]", "training.invalid", "$.search.leaves"),
        ("increasing: [amount]", "increasing: [age]", "training.invalid", "$.increasing[0]"),
        ("title: {zh: 小型试验, ", "title: {", "training.invalid", "$.title"),
        ("windows: 2", "windows: 0", "training.invalid", "$.validation.windows"),
        ("history: all", "histroy: all", "training.invalid", "$"),
        ("judge: {", "judge: {entity: custmer, ", "training.invalid", "$.judge.entity"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_used_is_refused(
    old: str, new: str, code: str, path: str
) -> None:
    text = CONFIG.replace(old, new)
    assert text != CONFIG
    with pytest.raises(FaultsError) as caught:
        planned(text)
    fault = caught.value.faults[0]
    assert (fault.code, fault.path) == (code, path)
    assert fault.line is not None
    assert fault.hint


def learned_from(lesson: Lesson, **changed: Any) -> list[tuple[str, str]]:
    """Codes and paths of what is refused when the table is so."""
    table = replace(lesson.table, **changed)
    with pytest.raises(RiskError) as caught:
        learn(replace(lesson, table=table), window=window_of(table, lesson.plan), validation=[])
    assert isinstance(caught.value, FaultsError)
    return [(fault.code, fault.path) for fault in caught.value.faults]


def test_too_few_frauds(lesson: Lesson) -> None:
    few = (
        lesson.table.fraud
        & (np.cumsum(lesson.table.fraud) <= 30)
        & (np.cumsum(lesson.table.fraud) > 20)
    )
    assert learned_from(lesson, fraud=few) == [("training.too_few_frauds", "$.least_frauds")]


@pytest.mark.parametrize("fraud", [True, False])
def test_one_class(lesson: Lesson, fraud: bool) -> None:
    same = np.full(len(lesson.table), fraud)
    known = lesson.table.occurred_at + lesson.plan.delay
    assert learned_from(lesson, fraud=same, known_at=known) == [("training.one_class", "$.truth")]


def test_inputs_that_are_always_missing_are_all_named(lesson: Lesson) -> None:
    rows = lesson.table.rows.copy()
    rows[:, [1, 3]] = np.nan
    assert learned_from(lesson, rows=rows) == [
        ("training.input_always_missing", "$.inputs[1]"),
        ("training.input_always_missing", "$.inputs[3]"),
    ]


def test_json_of_the_report_is_json(learned: Learned) -> None:
    assert json.loads(json.dumps(learned.report.to_data(), allow_nan=False))["test"]["rows"] > 0


def test_two_models_are_compared_by_a_test_that_may_be_looked_at_daily(
    learned: Learned, lesson: Lesson, events_file: Path, tmp_path: Path
) -> None:
    _, made = planned()
    write_folder(learned, policy_text=made.text, folder=tmp_path / "model")
    good = read_folder(tmp_path / "model", catalogue=shipped_catalogue())
    trees = replace(good.model, calibration=platt(slope=0.1, offset=0.0))
    bad = replace(good, model=trees)
    since = parse_instant("2018-05-20T00:00:00Z")
    asked = replace(request(lesson.plan), period=Period(since=since))

    def compared(first: ModelFolder, second: ModelFolder) -> ModelComparison:
        settings = lesson.plan.judge
        return compare_models([first, second], settings, lambda: read(events_file), request=asked)

    found = compared(good, bad)
    table = lesson.table
    late = (table.occurred_at >= since) & table.labelled
    truth = table.fraud[late].astype(float)
    pairs = (good.model.probabilities(table.rows[late]) - truth) ** 2
    pairs -= (bad.model.probabilities(table.rows[late]) - truth) ** 2
    sequence = found.sequence
    assert sequence.standing == "worse", "a tenth of the slope says a half of nearly everything"
    assert sequence.low < pairs.mean() < sequence.high < 0
    assert 0 < sequence.decided_after <= found.rows == len(pairs)
    assert compared(good, good).sequence.standing == "undecided"
