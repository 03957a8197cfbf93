"""Addresses of early warning."""

from __future__ import annotations

from django.urls import path

from fengkong.console.warnings import views

app_name = "warnings"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:pk>/", views.warning, name="warning"),
    path("cockpit/", views.cockpit, name="cockpit"),
    path("sources/", views.sources, name="sources"),
    path("sources/recompute/", views.recompute, name="recompute"),
    path("indicators/", views.indicators, name="indicators"),
    path("indicators/<str:name>/", views.indicator, name="indicator"),
    path("indicators/<str:name>/by/<str:key>/", views.segment, name="segment"),
    path("indicators/<str:name>/propose/", views.propose, name="propose"),
    path("indicators/<str:name>/note/", views.note, name="note"),
]
