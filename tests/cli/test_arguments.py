"""One option may be followed by several files."""

import pytest

from fengkong.cli.arguments import spread_files


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        (["replay", "p"], ["replay", "p"]),
        (["--events", "a.csv"], ["--events", "a.csv"]),
        (["--events", "a.csv", "b.csv"], ["--events", "a.csv", "--events", "b.csv"]),
        (
            ["--events", "a.csv", "b.parquet", "c.jsonl", "--out", "d.parquet"],
            [
                *("--events", "a.csv", "--events", "b.parquet"),
                *("--events", "c.jsonl", "--out", "d.parquet"),
            ],
        ),
        # a policy after the files is not taken for one of them
        (["replay", "--events", "a.csv", "payments"], ["replay", "--events", "a.csv", "payments"]),
        (["--events", "--out", "x.csv"], ["--events", "--out", "x.csv"]),
    ],
)
def test_files_after_events(given, expected):
    assert spread_files(given) == expected
