"""Requests as views see them behind the middleware: an operator is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


class OperatorRequest(HttpRequest):
    """A request of a signed-in operator; `htmx` is true where a part of a page is asked for."""

    user: Operator
    htmx: bool
