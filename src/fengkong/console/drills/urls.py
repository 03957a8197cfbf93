"""Addresses of drills."""

from __future__ import annotations

from django.urls import path

from fengkong.console.drills import views

urlpatterns = [
    path("", views.drill_list, name="drills"),
    path("schedule/", views.schedule, name="drill_schedule"),
    path("schedule/<int:schedule_id>/end/", views.unschedule, name="drill_unschedule"),
    path("plan/", views.plan, name="drill_plan"),
    path("<int:run_id>/", views.room, name="drill"),
    path("<int:run_id>/open/", views.open_incident, name="drill_open"),
    path("<int:run_id>/end/", views.end, name="drill_end"),
    path("<int:run_id>/report/", views.report, name="drill_report"),
    path("<int:run_id>/again/", views.again, name="drill_again"),
    path("scripts/<slug:drill>/", views.script, name="drill_script"),
]
