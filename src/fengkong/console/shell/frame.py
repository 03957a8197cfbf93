"""What every page's frame shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from fengkong.console.shell.menu import menu_of


def frame(request: HttpRequest) -> dict[str, Any]:
    """The menu of who is signed in."""
    operator = getattr(request, "user", None)
    if operator is None or not operator.is_authenticated:
        return {"menu": []}
    return {"menu": menu_of(operator)}
