"""Texts in two languages."""

import pytest

from fengkong.core.bilingual import LANGUAGES, Bilingual, Language


@pytest.mark.parametrize(("language", "text"), [("zh", "支付"), ("en", "Payment")])
def test_a_text_in_one_language(language: Language, text: str) -> None:
    assert Bilingual(zh="支付", en="Payment").of(language) == text


def test_there_are_two_languages() -> None:
    assert LANGUAGES == ("zh", "en")
