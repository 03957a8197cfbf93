"""Pages that say why something did not work and what to do, in the reader's language."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from fengkong.console.project.declared import public

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words


@dataclass(frozen=True, slots=True)
class Problem:
    """What a status means to who sees it: a title, what happened, and the next step."""

    title: Words
    what: Words
    hint: Words


PROBLEMS: Final[dict[int, Problem]] = {
    400: Problem(
        _("This request cannot be understood"),
        _("The address or what was sent with it is not what the console expects."),
        _("Go back and try again from the screen itself."),
    ),
    403: Problem(
        _("You may not do this"),
        _("Your roles do not include this screen or this act."),
        _("If your work needs it, ask a security administrator for a role."),
    ),
    404: Problem(
        _("There is nothing here"),
        _("No screen has this address, or what it showed is gone."),
        _("Look for it with the search at the top."),
    ),
    413: Problem(
        _("That is too much at once"),
        _("What was sent is larger than the console accepts."),
        _("Send it in parts."),
    ),
    429: Problem(
        _("Too many attempts"),
        _("There were too many attempts in a short time; the console waits before it answers."),
        _("Wait a few minutes and try again."),
    ),
    500: Problem(
        _("Something went wrong in the console"),
        _("The console made a mistake; nothing was changed."),
        _("Try again; if it happens again, tell whoever runs the console and at what time."),
    ),
    503: Problem(
        _("The console cannot reach what it needs"),
        _("The database or the decision service does not answer now; nothing was changed."),
        _("Wait a minute and try again."),
    ),
}


def problem_page(
    request: HttpRequest, status: int, *, hint: Words = "", framed: bool = True
) -> HttpResponse:
    """The page of a status; not `framed` where the frame itself could fail."""
    problem = PROBLEMS[status]
    context = {
        "status": status,
        "title": problem.title,
        "what": problem.what,
        "hint": hint or problem.hint,
    }
    if framed:
        text = render_to_string("shell/problem.html", context, request=request)
    else:
        text = render_to_string("shell/problem_alone.html", context)
    return HttpResponse(text, status=status)


@public
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, and 413 where too much was sent."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    return problem_page(request, status, framed=False)


@public
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return problem_page(request, 403)


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return problem_page(request, 404)


@public
def failed(request: HttpRequest) -> HttpResponse:
    """500, and 503 where the database did not answer."""
    away = isinstance(sys.exc_info()[1], OperationalError)
    answer = problem_page(request, 503 if away else 500, framed=False)
    if away:
        answer["Retry-After"] = "30"
    return answer


@public
def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 where a form came without its token: the page was open too long, or is not ours."""
    hint = _(
        "The page was open too long, or cookies are off. Load it again and send the form again."
    )
    return problem_page(request, 403, hint=hint)
