"""The truth about events: where it comes from, when it is known, when it is complete."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from samples import DAY, HOUR, MONDAY, batches, label, payment, simple

from fengkong.evaluation.facts import FRAUD, GOOD, UNLABELLED
from fengkong.evaluation.judgements import Period, judge_history
from fengkong.evaluation.labels import (
    NoTruthError,
    Truth,
    TruthRequest,
    TruthSource,
    UnreadableTruthError,
    truth_of,
)
from fengkong.events.event import Event


def known(events: list[Event], *, period: Period | None = None, **request: object) -> Truth:
    """The truth about the payments of a history."""
    history = judge_history([simple()], batches(events, rows=2), period=period or Period())
    return truth_of(
        history.facts,
        log=history.log,
        request=TruthRequest(**request),
        last_at=history.last_at,
    )


PAYMENTS = [payment(f"p{day}", at=day * DAY) for day in range(5)]


def test_labels_say_fraud_and_silence_says_good() -> None:
    truth = known([*PAYMENTS, label("p1", at=5 * DAY), label("p2", at=5 * DAY, fraud=False)])
    assert truth.source is TruthSource.LABELS
    assert truth.states.tolist() == [GOOD, FRAUD, GOOD, GOOD, GOOD]
    assert (truth.labels, truth.unattributable, truth.unmatched) == (2, 0, 0)


@pytest.mark.parametrize(
    ("labels", "state"),
    [
        ([label("p1", at=2 * DAY), label("p1", at=3 * DAY, fraud=False)], GOOD),
        ([label("p1", at=2 * DAY, fraud=False), label("p1", at=3 * DAY)], FRAUD),
        # The instant it became known counts, not the place in the file.
        ([label("p1", at=3 * DAY), label("p1", at=2 * DAY, fraud=False)], FRAUD),
        # Of two labels at the same instant the one that comes later stays.
        ([label("p1", at=2 * DAY), label("p1", at=2 * DAY, fraud=False)], GOOD),
    ],
)
def test_the_latest_label_of_an_event_wins(labels: list[Event], state: int) -> None:
    assert known([*PAYMENTS, *labels]).states[1] == state


def test_labels_that_cannot_be_used_are_counted() -> None:
    truth = known(
        [
            *PAYMENTS,
            label("p1", at=5 * DAY),
            label(None, at=5 * DAY),
            label("somewhere-else", at=5 * DAY),
        ]
    )
    assert (truth.labels, truth.unattributable, truth.unmatched) == (3, 1, 1)
    assert np.count_nonzero(truth.states == FRAUD) == 1


def test_what_became_known_after_as_of_is_not_known() -> None:
    history = [*PAYMENTS, label("p1", at=2 * DAY), label("p2", at=4 * DAY)]
    at = MONDAY + 3 * DAY
    assert known(history, as_of=at).states.tolist() == [GOOD, FRAUD, GOOD, GOOD, GOOD]
    assert known(history, as_of=MONDAY + 4 * DAY).states[2] == FRAUD
    assert known(history, as_of=MONDAY + 4 * DAY - 1).states[2] == GOOD


def test_scenarios_come_with_labels() -> None:
    truth = known([*PAYMENTS, label("p1", at=DAY, scenario="farm"), label("p3", at=4 * DAY)])
    assert truth.scenario_names == ("farm",)
    assert truth.scenarios.tolist() == [-1, 0, -1, -1, -1]


# -- maturity ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delay", "mature"),
    [
        (0, [True, True, True]),
        (DAY - 1, [True, True, False]),
        (DAY, [True, True, False]),
        (DAY + 1, [True, False, False]),
        (2 * DAY, [True, False, False]),
        (2 * DAY + 1, [False, False, False]),
    ],
)
def test_an_event_is_mature_from_the_delay_on(delay: int, mature: list[bool]) -> None:
    history = [payment(f"p{day}", at=day * DAY, is_fraud=False) for day in range(3)]
    truth = known(history, delay=delay)
    assert truth.mature.tolist() == mature
    assert not truth.delay_observed


def test_the_delay_is_that_of_most_fraud_labels() -> None:
    payments = [payment(f"p{i}", at=i) for i in range(20)]
    # Frauds are known after 1, 2 ... 20 hours: 95 % of them within 20 hours (the 20th of 20 is
    # the first that leaves at most 5 % above). Clearing is quick and does not count.
    labels = [label(f"p{i}", at=i + (i + 1) * HOUR) for i in range(20)]
    cleared = [payment("c", at=30), label("c", at=31, fraud=False)]
    truth = known([*payments, *cleared, *labels])
    assert truth.delay_observed
    assert truth.fraud_delays == 20
    assert truth.delay == 20 * HOUR
    assert known([*payments, *labels[:10]]).delay == 10 * HOUR


def test_without_fraud_labels_everything_is_mature() -> None:
    truth = known([*PAYMENTS, label("p1", at=DAY, fraud=False)])
    assert truth.delay == 0
    assert truth.mature.all()


# -- rows and files ------------------------------------------------------------------------------


def test_rows_that_carry_the_truth_are_preferred() -> None:
    history = [
        payment("p0", is_fraud=True),
        payment("p1", at=1, is_fraud=False),
        payment("p2", at=2),
        label("p1", at=DAY),
    ]
    truth = known(history)
    assert truth.source is TruthSource.ROWS
    assert truth.states.tolist() == [FRAUD, GOOD, UNLABELLED]
    asked = known(history, source=TruthSource.LABELS)
    assert asked.states.tolist() == [GOOD, FRAUD, GOOD]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_truth_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"truth.{suffix}"
    table = pl.DataFrame(
        {
            "event_id": ["p0", "p2", "p3", "elsewhere"],
            "scenario": ["farm", None, "ring", "ring"],
            "is_fraud": [True, False, True, True],
        }
    )
    table.write_parquet(path) if suffix == "parquet" else table.write_csv(path)
    truth = known(PAYMENTS, file=path)
    assert truth.source is TruthSource.FILE
    assert truth.states.tolist() == [FRAUD, UNLABELLED, GOOD, FRAUD, UNLABELLED]
    assert truth.scenario_names == ("farm", "ring")
    assert truth.scenarios.tolist() == [0, -1, -1, 1, -1]
    assert truth.unmatched == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.parquet", None),
        ("broken.parquet", b"not a table"),
        ("columns.csv", b"id,fraud\np1,true\n"),
        ("words.csv", b"event_id,is_fraud\np1,maybe\n"),
    ],
)
def test_a_file_that_is_no_truth(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableTruthError) as caught:
        known(PAYMENTS, file=path)
    assert name in caught.value.message


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"source": TruthSource.LABELS},
        {"source": TruthSource.ROWS},
        {"source": TruthSource.FILE},
    ],
)
def test_without_any_truth(request_: dict[str, object]) -> None:
    with pytest.raises(NoTruthError):
        known([*PAYMENTS, label(None, at=DAY)], **request_)


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [(None, None, 5), (DAY, None, 4), (DAY + 1, None, 3), (None, DAY, 1), (None, DAY + 1, 2)],
)
def test_a_period_holds_its_start_and_not_its_end(
    since: int | None, until: int | None, count: int
) -> None:
    period = Period(
        since=None if since is None else MONDAY + since,
        until=None if until is None else MONDAY + until,
    )
    history = judge_history([simple()], batches(PAYMENTS, rows=2), period=period)
    assert len(history.facts) == count
