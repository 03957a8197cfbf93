"""Every error that people can meet has a code of its own and says the next step."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable

import pytest

import fengkong
from fengkong.core.errors import RiskError

CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


def shipped_errors() -> list[type[RiskError]]:
    """Every kind of RiskError that the product defines."""
    for module in pkgutil.walk_packages(fengkong.__path__, "fengkong."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    kinds, waiting = [], [RiskError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("fengkong."):
                kinds.append(kind)
    return kinds


def faulty_errors(kinds: Iterable[type[RiskError]]) -> list[str]:
    """What is wrong with the codes and hints of some errors."""
    kinds = sorted(set(kinds), key=lambda kind: (kind.__module__, kind.__name__))
    codes = Counter(kind.code for kind in kinds)
    found = []
    for kind in kinds:
        name = f"{kind.__module__}.{kind.__name__}"
        if "code" not in vars(kind):
            found.append(f"{name} has no code of its own")
        elif not CODE.fullmatch(kind.code):
            found.append(f"{name} has the code {kind.code!r}: expected lower.case_words")
        elif codes[kind.code] > 1:
            found.append(f"{name} shares the code {kind.code!r}")
        if not kind.hint.strip():
            found.append(f"{name} has no hint")
        if not kind.__name__.endswith("Error"):
            found.append(f"{name} does not end in Error")
        if not (kind.__doc__ or "").strip():
            found.append(f"{name} has no docstring")
    return found


def test_errors_have_codes_and_hints() -> None:
    kinds = shipped_errors()
    assert len(kinds) >= 3
    assert not faulty_errors(kinds)


class GoodError(RiskError):
    """Planted: as it should be."""

    code = "planted.good"
    hint = "Do this next."


class SharedError(RiskError):
    """Planted: the code of another."""

    code = "planted.good"
    hint = "Do this next."


class SilentError(RiskError):
    """Planted: no hint."""

    code = "planted.silent"
    hint = " "


class NamelessError(GoodError):
    """Planted: inherits its code."""


class ShoutingError(RiskError):
    """Planted: not lower case."""

    code = "Planted.SHOUTING"
    hint = "Do this next."


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([GoodError], None),
        ([GoodError, SharedError], "shares the code"),
        ([SilentError], "has no hint"),
        ([NamelessError], "no code of its own"),
        ([ShoutingError], "expected lower"),
    ],
)
def test_planted_errors_are_found(kinds: list[type[RiskError]], expected: str | None) -> None:
    found = faulty_errors(kinds)
    assert (found == []) if expected is None else any(expected in line for line in found)
