"""Addresses of cases."""

from __future__ import annotations

from django.urls import path

from fengkong.console.cases import papers, views

app_name = "cases"
urlpatterns = [
    path("", views.cases, name="cases"),
    path("open/", views.open_case, name="open"),
    path("gather/", views.gather_alerts, name="gather"),
    path("<int:number>/", views.case_page, name="case"),
    path("<int:number>/timeline/", views.case_timeline, name="timeline"),
    path("<int:number>/links/", views.case_links, name="links"),
    path("<int:number>/decisions/", views.case_decisions, name="decisions"),
    path("<int:number>/papers/", views.case_papers, name="papers"),
    path("<int:number>/papers/<int:file_id>/", papers.download, name="file"),
    path("<int:number>/papers/<int:file_id>/remove/", views.drop_file, name="remove_file"),
    path("<int:number>/history/", views.case_history, name="history"),
    path("<int:number>/print/", papers.print_page, name="print"),
    path("<int:number>/close/", views.close_case, name="close"),
    path("<int:number>/reopen/", views.reopen_case, name="reopen"),
    path("<int:number>/hand-over/", views.hand_over_case, name="hand_over"),
    path("<int:number>/merge/", views.merge_case, name="merge"),
    path("<int:number>/escalate/", views.escalate_case, name="escalate"),
    path("<int:number>/split/", views.split_case, name="split"),
    path("<int:number>/tick/", views.tick_step, name="tick"),
]
