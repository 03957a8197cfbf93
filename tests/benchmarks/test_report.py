"""Agreement comes before times, on the screen, in the exit code and in the pages."""

import io
import json

import numpy as np
import pytest
from benchmarks import command, speed_page
from benchmarks.agreement import compare
from benchmarks.comparisons import COMPARISONS
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.screen import Screen, number
from rich.console import Console

NAN = float("nan")


def comparison(*, theirs: float) -> Comparison:
    """A comparison of one value, which is 1 for us."""
    agreement = compare(
        np.array([[1.0]]), np.array([[theirs]]), contestant="peer", names=["x"], tolerance=1e-9
    )
    return Comparison(
        name="rules",
        title="One value",
        data="made up",
        agreements=[agreement],
        figures=[Figure(name="Fengkong", unit="s", samples=(3.0, 1.0, 2.0), threads=1)],
        goals=[Goal(name="speed", limit=2.0, value=1.9, unit="x")],
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "differing"),
    [
        (1.0, 1.0, 0),
        (1.0, 1.0 + 1e-10, 0),
        (1.0, 1.0 + 1e-8, 1),
        (1e6, 1e6 + 1e-4, 0),
        (NAN, NAN, 0),
        (NAN, 0.0, 1),
        (0.0, NAN, 1),
        (0.0, float("inf"), 1),
    ],
)
def test_agreement(ours, theirs, differing):
    found = compare(
        np.array([[ours]]), np.array([[theirs]]), contestant="peer", names=["x"], tolerance=1e-9
    )
    assert found.differing == differing
    assert found.agrees is (differing == 0)
    assert bool(found.example) is (differing == 1)


def test_other_shapes_and_nothing_at_all_do_not_agree():
    shapes = compare(
        np.ones((2, 1)), np.ones((1, 1)), contestant="peer", names=["x"], tolerance=1.0
    )
    nothing = compare(
        np.ones((0, 1)), np.ones((0, 1)), contestant="peer", names=["x"], tolerance=1.0
    )
    assert not shapes.agrees
    assert not nothing.agrees


def shown(found: Comparison) -> str:
    text = io.StringIO()
    Screen(Console(file=text, width=120)).show(found)
    return text.getvalue()


def test_times_and_verdict_follow_agreement():
    text = shown(comparison(theirs=1.0))
    assert text.index("Agreement") < text.index("Figures") < text.index("SHORT OF IT")


def test_no_time_is_shown_when_results_disagree():
    text = shown(comparison(theirs=2.0))
    assert "RESULTS DISAGREE" in text
    assert "row 0, x: fengkong 1, peer 2" in text
    assert "Figures" not in text


@pytest.mark.parametrize(("theirs", "code"), [(1.0, 0), (2.0, 1)])
def test_exit_code_and_json(monkeypatch, tmp_path, capsys, theirs, code):
    monkeypatch.setitem(command.COMPARISONS, "rules", lambda settings: comparison(theirs=theirs))
    file = tmp_path / "figures.json"
    assert command.main(["rules", "--events", "1000", "--json", str(file)]) == code
    written = json.loads(file.read_text(encoding="utf-8"))
    (found,) = written["comparisons"]
    assert found["agrees"] is (code == 0)
    assert found["figures"][0] | {"median": 2.0, "min": 1.0, "max": 3.0} == found["figures"][0]
    assert found["goals"][0]["reached"] is False
    assert written["peers"]["polars"]
    assert "One value" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong", [["speed"], ["--rounds", "0"], ["--rounds", "many"], ["--json", "nowhere/f"]]
)
def test_bad_use(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(wrong)
    assert ended.value.code == 2
    assert wrong[-1].split("/")[0] in capsys.readouterr().err


@pytest.mark.parametrize("name", speed_page.PAGES.values())
def test_pages_have_a_place_for_every_comparison(name):
    page = (speed_page.FOLDER / name).read_text(encoding="utf-8")
    sections = dict.fromkeys(["machine", *COMPARISONS], "here\n")
    assert speed_page.replaced(page, sections).count("-->\nhere\n<!--") == len(sections)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_section(language):
    text = speed_page.section(comparison(theirs=1.0).to_json(), language=language)
    assert "| Fengkong | 1 | 2.00 s | 1.00 – 3.00 |" in text
    assert "≥ 2.00 x | 1.90 x" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.1234, "0.123"), (12.345, "12.35"), (123.4, "123"), (5e6, "5,000,000")],
)
def test_number(value, text):
    assert number(value) == text
