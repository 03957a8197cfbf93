"""Addresses of incidents."""

from __future__ import annotations

from django.urls import path

from fengkong.console.incidents import views

urlpatterns = [
    path("", views.incident_list, name="incidents"),
    path("new/", views.open_page, name="incident_new"),
    path("scale/", views.scale, name="incident_scale"),
    path("actions/", views.follow_ups, name="incident_follow_ups"),
    path("<int:incident_id>/", views.room, name="incident"),
    path("<int:incident_id>/timeline/", views.timeline, name="incident_timeline"),
    path("<int:incident_id>/do/<slug:act>/", views.do, name="incident_do"),
    path("<int:incident_id>/do/<slug:act>/<int:item>/", views.do, name="incident_do_item"),
    path("evidence/<int:evidence_id>/", views.evidence, name="incident_evidence"),
]
