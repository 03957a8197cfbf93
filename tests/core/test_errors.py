"""Errors say what, where and the next step, and are data too."""

import pytest

from fengkong.core.errors import FAULTS_KEPT, Fault, FaultsError, RiskError


class BrokenError(RiskError):
    """For these tests."""

    code = "test.broken"
    hint = "Mend it."


def test_an_error_as_data() -> None:
    error = BrokenError("it broke", path="$.a", source="f.yaml", line=3, column=5, row=7)
    assert error.fault() == Fault(
        code="test.broken",
        message="it broke",
        path="$.a",
        hint="Mend it.",
        source="f.yaml",
        line=3,
        column=5,
        row=7,
    )
    assert str(error) == str(error.fault())


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("a.b", "bad"), "bad [a.b]"),
        (Fault("a.b", "bad", hint="Do."), "bad [a.b] Do."),
        (Fault("a.b", "bad", path="$.x"), "at $.x: bad [a.b]"),
        (Fault("a.b", "bad", source="f", row=0), "f, row 0: bad [a.b]"),
        (
            Fault("a.b", "bad", source="f", row=1, line=2, column=3, path="$.x"),
            "f, row 1, line 2, column 3, at $.x: bad [a.b]",
        ),
    ],
)
def test_a_fault_in_one_line(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_many_faults_keep_the_first_thousand_and_the_count() -> None:
    error = FaultsError([Fault("a.b", str(number)) for number in range(FAULTS_KEPT + 5)])
    assert len(error.faults) == FAULTS_KEPT
    assert error.total == FAULTS_KEPT + 5
    assert error.faults[-1].message == str(FAULTS_KEPT - 1)
    assert error.message == "1005 faults (first 1000 shown)"


@pytest.mark.parametrize(
    ("kept", "total", "message"),
    [(1, None, "1 fault"), (2, None, "2 faults"), (2, 9, "9 faults (first 2 shown)")],
)
def test_how_many_faults(kept: int, total: int | None, message: str) -> None:
    error = FaultsError([Fault("a.b", "bad")] * kept, total=total)
    assert error.message == message
    assert str(error).splitlines() == [message] + ["bad [a.b]"] * kept


def test_no_faults_are_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        FaultsError([])
