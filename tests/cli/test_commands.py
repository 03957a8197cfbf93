"""The commands as a user runs them: right use, wrong use, and what the messages say."""

import json

import polars as pl
import pytest


def test_a_good_policy_is_checked_with_its_examples(run, history):
    code, out, err = run("policy", "check", str(history / "small.yaml"))
    assert (code, err) == (0, "")
    assert "Small policy" in out
    assert "examples that pass: 1" in out


def test_a_faulty_policy_names_every_fault_and_the_next_step(run, history, tmp_path):
    text = (history / "small.yaml").read_text(encoding="utf-8")
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        text.replace("when: device_card_distinct_1d", "when: device_card_distnct_1d").replace(
            "count() over card last 1h", "cuont() over card last 1h"
        ),
        encoding="utf-8",
    )
    code, out, err = run("policy", "check", str(bad))
    assert code == 1
    assert out == ""
    assert "did you mean device_card_distinct_1d?" in err
    assert "did you mean count?" in err
    line = (
        bad.read_text(encoding="utf-8")
        .splitlines()
        .index("    when: device_card_distnct_1d > limits.cards_per_device")
    )
    assert f"line {line + 1}, column 11" in err


def test_a_failing_example_is_a_fault(run, history, tmp_path):
    text = (history / "small.yaml").read_text(encoding="utf-8")
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("outcome: review, reasons", "outcome: deny, reasons"))
    code, _, err = run("policy", "check", str(bad))
    assert code == 1
    assert "policy.example_failed" in err


def test_replay_writes_decisions_and_prints_a_summary(run, history, tmp_path):
    out_file = tmp_path / "decisions.parquet"
    arguments = ["replay", str(history / "small.yaml"), "--events", str(history / "events.jsonl")]
    code, out, err = run(*arguments, "--out", str(out_file), "--format", "json")
    assert code == 0, err
    summary = json.loads(out)
    decisions = pl.read_parquet(out_file)
    assert summary["decided"] == decisions.height > 0
    assert summary["outcomes"]["review"] == decisions.filter(pl.col("outcome") == "review").height


def test_features_hold_the_event_and_each_declared_feature_in_order(run, history, tmp_path):
    out_file = tmp_path / "features.parquet"
    code, _, err = run(
        "features", str(history / "small.yaml"), "--events", str(history / "events.jsonl"),
        "--out", str(out_file),
    )  # fmt: skip
    assert code == 0, err
    table = pl.read_parquet(out_file)
    assert table.columns == ["event_id", "card_payment_count_1h", "device_card_distinct_1d"]
    lines = (history / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    payments = [event["id"] for event in events if event["type"] == "payment.initiated"]
    assert table["event_id"].to_list() == payments


def test_bad_rows_stop_the_command_unless_they_are_written_aside(run, history, tmp_path):
    events = tmp_path / "events.jsonl"
    lines = (history / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events.write_text("\n".join([*lines[:50], '{"type": "payment.initiated"', *lines[50:90]]))
    arguments = ["replay", str(history / "small.yaml"), "--events", str(events)]
    code, _, err = run(*arguments, "--out", str(tmp_path / "d.parquet"))
    assert code == 1
    assert "row 51" in err
    assert "event.invalid_json" in err
    assert not (tmp_path / "d.parquet").exists()
    aside = tmp_path / "bad.jsonl"
    code, _, err = run(*arguments, "--skip-bad", str(aside))
    assert code == 0
    assert "Bad rows skipped: 1" in err
    assert "event.invalid_json" in aside.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "no_such_pack", "--events", "x.csv"], "cli.unknown_source"),
        (["replay", "none.yaml", "--events", "x.csv"], "cli.missing_file"),
        (["replay"], "POLICY is missing"),
        (["simulate", "--out", "x", "--scenario", "card_testin"], "card_testing"),
        (["simulate", "--out", "x", "--days", "0"], "simulation.invalid"),
        (["nonsense"], "nonsense"),
        (["replay", "p", "--bogus"], "--bogus"),
        (["simulate", "--out", "x", "--days", "two"], "--days"),
    ],
)
def test_wrong_use_ends_with_exit_code_two(run, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert said in err


def test_an_event_file_that_does_not_exist_is_named(run, history):
    code, _, err = run("replay", str(history / "small.yaml"), "--events", "absent.jsonl")
    assert code == 2
    assert "absent.jsonl" in err


def test_chinese_is_spoken_where_the_terminal_does(run, history, tmp_path):
    code, out, _ = run("policy", "check", str(history / "small.yaml"), language="zh")
    assert code == 0
    assert "小策略" in out
    code, _, err = run("replay", "no_such_pack", "--events", "x.csv", language="zh")
    assert code == 2
    assert "找不到该策略或映射" in err


def test_simulate_refuses_a_directory_in_use(run, history):
    code, _, err = run("simulate", "--out", str(history))
    assert code == 2
    assert "simulation.directory_not_empty" in err


def test_backtest_counts_what_the_truth_file_says(run, history):
    arguments = ["backtest", str(history / "small.yaml"), "--events"]
    arguments += [str(history / "events.jsonl"), "--truth", str(history / "truth.parquet")]
    code, out, err = run(*arguments, "--format", "json")
    assert code == 0, err
    figures = json.loads(out)["policy"]
    truth = pl.read_parquet(history / "truth.parquet")
    payments = truth.filter(pl.col("type") == "payment.initiated")
    assert figures["frauds"] == payments["is_fraud"].sum()
    assert figures["decided"] == payments.height
    code, out, _ = run(*arguments, "--against", str(history / "small.yaml"))
    assert code == 0
    assert "small 1 against small 1" in out


def test_explain_shows_why_in_both_languages(run, history):
    events = ["--events", str(history / "events.jsonl"), "--policy", str(history / "small.yaml")]
    lines = (history / "events.jsonl").read_text(encoding="utf-8").splitlines()
    payment = next(e for e in map(json.loads, lines) if e["type"] == "payment.initiated")
    code, out, err = run("explain", payment["id"], *events)
    assert code == 0, err
    assert "device_card_distinct_1d > limits.cards_per_device" in out
    code, out, _ = run("explain", payment["id"], *events, language="zh")
    assert code == 0
    assert "特征" in out
    code, _, err = run("explain", "no-such-event", *events)
    assert code == 1
    assert "evaluation.unknown_event" in err
