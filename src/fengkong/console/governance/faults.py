"""Faults as people read them: the title and hint of their code in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import get_language

from fengkong.console.shell.told_errors import chinese_errors
from fengkong.core.errors import Fault

SHOWN_MAX: Final = 50


def faults_shown(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Line, column, path, text and hint of faults, in the order of their lines."""
    chinese = (get_language() or "").startswith("zh")
    found = []
    for fault in list(faults)[:SHOWN_MAX]:
        told = chinese_errors().get(fault.code, {}) if chinese else {}
        title, hint = told.get("title", ""), told.get("hint", fault.hint)
        found.append(
            {
                "code": fault.code,
                "line": fault.line,
                "column": fault.column,
                "path": fault.path,
                "text": f"{title}：{fault.message}" if title else fault.message,
                "hint": hint,
            }
        )
    return sorted(found, key=lambda one: (one["line"] or 0, one["column"] or 0))
