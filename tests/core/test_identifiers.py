"""Identifiers: short printable text without tricks."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.identifiers import (
    IDENTIFIER_LENGTH_MAX,
    InvalidIdentifierError,
    check_identifier,
)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "596",
        "customer-1/2:3",
        "two words",
        "张三",
        "Müller",
        "١٢٣",
        "😀",
        "x" * IDENTIFIER_LENGTH_MAX,
        "fraud_Schaefer, McGlynn and Bosco",
    ],
)
def test_accepted(text: str) -> None:
    check_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        " a",
        "a ",
        "\u3000a",
        "a\u00a0",
        "a\tb",
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "a\x85b",
        "a\u200bb",
        "a\u200db",
        "a\u202eb",
        "a\u2066b",
        "\ufeffa",
        "a\u2028b",
        "\ud800",
        "\ue000",
        "\U000e0041",
        "\uffff",
        "x" * (IDENTIFIER_LENGTH_MAX + 1),
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        check_identifier(text)


@given(st.text(max_size=40))
def test_what_passes_can_be_shown_and_stored(text: str) -> None:
    try:
        check_identifier(text)
    except InvalidIdentifierError:
        return
    assert text == text.strip()
    assert text.encode().decode() == text
    assert not any(unicodedata.category(character).startswith("C") for character in text)
