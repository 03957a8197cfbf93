"""Everything the command says exists in both languages, and nothing is said that is not there."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import fengkong
from fengkong.cli import language
from fengkong.core.errors import RiskError

CLI = Path(language.__file__).parent


def used_keys() -> set[str]:
    keys = set()
    for path in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "text"
            if called and isinstance(node.args[0], ast.Constant):
                keys.add(node.args[0].value)
            if isinstance(node, ast.Constant) and str(node.value).startswith(
                ("usage.", "column.", "policy.check.")
            ):
                keys.add(node.value)
    return keys


def test_every_text_that_is_said_exists():
    assert used_keys() - set(language.texts()) == set()


def test_every_text_that_exists_is_said():
    chosen_by_value = {key for key in language.texts() if key.startswith("outcome.")}
    assert set(language.texts()) - used_keys() - chosen_by_value == set()


@pytest.mark.parametrize("key", sorted(language.texts()))
def test_both_languages_say_it_with_the_same_values(key):
    both = language.texts()[key]
    assert both.zh.strip()
    assert both.en.strip()
    names = [
        {part.split("}")[0] for part in sentence.split("{")[1:]} for sentence in (both.zh, both.en)
    ]
    assert names[0] == names[1]


def error_classes() -> list[type[RiskError]]:
    for module in pkgutil.walk_packages(fengkong.__path__, "fengkong."):
        importlib.import_module(module.name)
    found: list[type[RiskError]] = []
    pending = [RiskError]
    while pending:
        error = pending.pop()
        found.append(error)
        pending.extend(error.__subclasses__())
    return [error for error in found if error.__module__.startswith("fengkong.")]


def test_every_error_code_has_a_chinese_title_and_next_step():
    chinese = language.chinese_errors()
    codes = {error.code for error in error_classes()}
    assert codes - set(chinese) == set()
    assert set(chinese) - codes == set()
    for entry in chinese.values():
        assert set(entry) == {"title", "hint"}
        assert all(any("一" <= c <= "鿿" for c in text) for text in entry.values())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LC_ALL": "de_DE", "FENGKONG_LANGUAGE": "zh"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_environment(monkeypatch, environment, expected):
    for name in language.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language.current_language() == expected
