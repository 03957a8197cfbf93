"""Attempts of one person to be both pairs of eyes: refused, and recorded.

A refusal takes back the transaction that it ends, so that within a request the entry waits until
that is over. Whoever tries so in a loop fills a page of the ledger and no more: after so many a day
nothing is added for that operator.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
REFUSED: Final = "refuse_own_hands"
"""The action under which an attempt is recorded."""
DAILY_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Who tried it, why it was refused, and what it was about."""

    operator: Operator
    code: str
    target_kind: str
    target: str


_WAITING: Final[ContextVar[list[_Attempt] | None]] = ContextVar("attempts", default=None)
"""The attempts of the request that runs; None where none does."""


class OwnHands:
    """Mixed into the errors that say: what needs a second person was tried by the first."""


def attempts_recorded(
    target_kind: str,
) -> Callable[[Callable[Concatenate[Operator, T, P], R]], Callable[Concatenate[Operator, T, P], R]]:
    """Record where the decorated act is refused because of `OwnHands`; the error goes on.

    The act is given the operator first and then what it is about, a row or its number.
    """

    def decorate(
        act: Callable[Concatenate[Operator, T, P], R],
    ) -> Callable[Concatenate[Operator, T, P], R]:
        @wraps(act)
        def watched(operator: Operator, about: T, /, *more: P.args, **named: P.kwargs) -> R:
            try:
                return act(operator, about, *more, **named)
            except RiskError as error:
                if isinstance(error, OwnHands):
                    target = str(getattr(about, "username", getattr(about, "pk", about)))
                    _note(_Attempt(operator, error.code, target_kind, target))
                raise

        return watched

    return decorate


class RecordedAttempts:
    """Records the attempts of a request once its own transaction has ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Passes on, and records what was tried meanwhile."""
        waiting: list[_Attempt] = []
        token = _WAITING.set(waiting)
        try:
            response = self._get_response(request)
        finally:
            _WAITING.reset(token)
        for attempt in waiting:
            _record(attempt)
        return response


def _note(attempt: _Attempt) -> None:
    waiting = _WAITING.get()
    if waiting is None:
        _record(attempt)
    else:
        waiting.append(attempt)


@transaction.atomic
def _record(attempt: _Attempt) -> None:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = AuditEntry.objects.filter(actor=attempt.operator.username, action=REFUSED)
    if mine.filter(recorded_at__gte=today).count() < DAILY_MAX:
        about = {"target_kind": attempt.target_kind, "target": attempt.target}
        record(attempt.operator, REFUSED, **about, detail={"code": attempt.code})
