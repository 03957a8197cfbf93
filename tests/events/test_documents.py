"""YAML that remembers its lines and refuses surprises."""

import pytest

from fengkong.core.errors import FaultsError, RiskError
from fengkong.events.documents import load_document


def test_scalars_stay_what_was_written() -> None:
    text = "a: NO\nb: 2026-01-01\nc: 0012\nd: 12\ne: 1.5\nf: true\ng: yes\nh:\ni: '7'\nj: 1:30\n"
    assert load_document(text, source="x").data == {
        "a": "NO",
        "b": "2026-01-01",
        "c": "0012",
        "d": 12,
        "e": 1.5,
        "f": True,
        "g": "yes",
        "h": None,
        "i": "7",
        "j": "1:30",
    }


def test_lines_of_keys_and_items() -> None:
    document = load_document("a:\n  b: 1\n  c:\n    - x\n    - y\n", source="x")
    assert document.line_of("a", "b") == 2
    assert document.line_of("a", "c", 1) == 5
    assert document.line_of("a", "b", "deeper") == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1", "document.invalid"),
        ("a: &x 1\nb: *x\n", "document.invalid"),
        ("a: \x00", "document.invalid"),
        ("[" * 40 + "]" * 40, "document.invalid"),
        ("a: 1\n---\nb: 2\n", "document.invalid"),
        ("{{a: 1}: 2}", "document.invalid"),
        ("a: 1\na: 2\n", "document.duplicate_key"),
    ],
)
def test_refused(text: str, code: str) -> None:
    with pytest.raises(RiskError) as caught:
        load_document(text, source="x.yaml")
    error = caught.value
    fault = error.faults[0] if isinstance(error, FaultsError) else error.fault()
    assert fault.code == code
    assert fault.source == "x.yaml"


def test_an_empty_document_is_nothing() -> None:
    assert load_document("# nothing\n", source="x").data is None
