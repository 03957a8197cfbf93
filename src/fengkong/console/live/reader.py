"""Who reads a screen."""

from __future__ import annotations

from django.http import HttpRequest

from fengkong.console.accounts.models import Operator


def reader_of(request: HttpRequest) -> Operator:
    """The operator of a request that was let in."""
    assert isinstance(request.user, Operator), "a view that declares a permission has an operator"
    return request.user
