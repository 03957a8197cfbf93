"""Words of what others decided are in the reader's language."""

import pytest
from django.utils import translation

from fengkong.console.shell.spoken import operator_word
from fengkong.evaluation.trace import OPERATOR_WORDS


@pytest.mark.parametrize("operator", OPERATOR_WORDS)
def test_operators_that_are_words_are_said_in_chinese(operator: str) -> None:
    with translation.override("zh-hans"):
        assert not operator_word(operator).isascii()
    with translation.override("en"):
        assert operator_word(operator).isascii()


@pytest.mark.parametrize("sign", [">", ">=", "<", "<=", "==", "!="])
def test_signs_are_as_they_are(sign: str) -> None:
    assert operator_word(sign) == sign
