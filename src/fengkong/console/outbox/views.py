"""The screen of jobs: what waits, what was given up and why, and trying it again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.outbox.forms import JobQuery
from fengkong.console.outbox.leases import counted
from fengkong.console.outbox.models import Job
from fengkong.console.outbox.retrying import PERMISSION, PICKED_MAX, retry_jobs
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor

NUMBER_MAX = 2**63 - 1


@needs("system.view")
@require_GET
def jobs(request: OperatorRequest) -> HttpResponse:
    """Jobs by state and kind, the newest first; those given up at first."""
    given = request.GET if "state" in request.GET or "kind" in request.GET else None
    form = JobQuery(given or {"state": Job.State.DEAD})
    asked = form.cleaned_data if form.is_valid() else {}
    found = Job.objects.all()
    for name, value in asked.items():
        if value:
            found = found.filter(**{name: value})
    page = page_by_cursor(request, found, order=("-id",), total=found.order_by().count())
    may_retry = request.user.may(PERMISSION)
    counts = counted()
    shown = [(state, label, counts[state]) for state, label in Job.State.choices]
    context = {"form": form, "page": page, "counts": shown, "may_retry": may_retry}
    return render(request, "outbox/jobs.html", context)


@require_POST
@needs("system.view", act=PERMISSION)
def retry_picked(request: OperatorRequest) -> HttpResponse:
    """Have the picked jobs tried again."""
    picked = [int(one) for one in request.POST.getlist("pick") if one.isascii() and one.isdigit()]
    picked = [one for one in picked if one <= NUMBER_MAX][:PICKED_MAX]
    count = len(retry_jobs(request.user, picked))
    if count:
        said = ngettext("%(count)s job is tried again.", "%(count)s jobs are tried again.", count)
        messages.success(request, said % {"count": count})
    else:
        messages.warning(request, _("None of them is given up any more."))
    return redirect("jobs:jobs")
