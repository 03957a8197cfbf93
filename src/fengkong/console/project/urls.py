"""Every address of the console, app by app."""

from __future__ import annotations

from django.urls import include, path

from fengkong.console.accounts.urls import people_pages
from fengkong.console.audit.guard import recorded_views

urlpatterns = [
    path("", include("fengkong.console.shell.urls")),
    path("approvals/", include("fengkong.console.approvals.urls")),
    path("policies/", include("fengkong.console.governance.urls")),
    path("entities/", include("fengkong.console.entities.urls")),
    path("cases/", include("fengkong.console.cases.urls")),
    path("customers/", include("fengkong.console.customers.urls")),
    path("gangs/", include("fengkong.console.gangs.urls")),
    path("incidents/", include("fengkong.console.incidents.urls")),
    path("playbooks/", include("fengkong.console.playbooks.urls")),
    path("drills/", include("fengkong.console.drills.urls")),
    path("lists/", include("fengkong.console.lists.urls")),
    path("audit/", include("fengkong.console.audit.urls")),
    path("live/", include("fengkong.console.live.urls")),
    path("decisions/", include("fengkong.console.live.decision_urls")),
    path("insiders/", include("fengkong.console.insiders.urls")),
    path("personal/", include("fengkong.console.personal.urls")),
    path("accounts/", include("fengkong.console.accounts.urls")),
    path("people/", include(people_pages)),
    path("webhooks/", include("fengkong.console.webhooks.urls")),
    path("warnings/", include("fengkong.console.warnings.urls")),
    path("notices/", include("fengkong.console.notices.urls")),
    path("jobs/", include("fengkong.console.outbox.urls")),
    path("tokens/", include("fengkong.console.api.token_urls")),
    path("alerts/", include("fengkong.console.alerts.urls")),
    path("reports/", include("fengkong.console.reports.urls")),
    path("feedback/", include("fengkong.console.feedback.urls")),
    path("actions/", include("fengkong.console.actions.urls")),
    path("api/v1/", include("fengkong.console.api.urls")),
]
recorded_views(urlpatterns)

handler400 = "fengkong.console.shell.problem_pages.bad_request"
handler403 = "fengkong.console.shell.problem_pages.forbidden"
handler404 = "fengkong.console.shell.problem_pages.not_found"
handler500 = "fengkong.console.shell.problem_pages.failed"
