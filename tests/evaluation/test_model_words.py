"""Every word of reports about models is said, and none is missing in a language."""

import ast
from pathlib import Path

import pytest

from fengkong.core.bilingual import LANGUAGES
from fengkong.evaluation import model_words

SOURCES = sorted(Path(model_words.__file__).parents[1].rglob("*.py"))


def keys_said() -> tuple[set[str], set[str]]:
    """Whole keys, and beginnings of keys (``figure.``), that the code asks for."""
    whole, begun = set(), set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                begun.add(str(node.values[0].value))
    return whole, begun


def test_every_word_is_said() -> None:
    whole, begun = keys_said()
    silent = {
        key
        for key in model_words.known()
        if key not in whole and not any(b.endswith(".") and key.startswith(b) for b in begun)
    }
    assert silent == set()


@pytest.mark.parametrize("key", sorted(model_words.known()))
def test_both_languages_put_in_the_same_values(key: str) -> None:
    texts = [model_words.raw(key, language) for language in LANGUAGES]
    values = [{part.split("}")[0] for part in text.split("{")[1:]} for text in texts]
    assert values[0] == values[1]
