"""Addresses of early warning."""

from __future__ import annotations

from django.urls import path

from fengkong.console.warnings import behind_views, source_views, views

app_name = "warnings"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:pk>/", views.warning, name="warning"),
    path("cockpit/", views.cockpit, name="cockpit"),
    path("cockpit/one-page/", views.one_page, name="one_page"),
    path("sources/", source_views.sources, name="sources"),
    path("sources/recompute/", source_views.recompute, name="recompute"),
    path("sources/<str:source_name>/", source_views.source, name="source"),
    path("sources/<str:source_name>/pull/", source_views.pull, name="pull"),
    path("sources/<str:source_name>/pull/now/", source_views.pull_again, name="pull_now"),
    path("indicators/", views.indicators, name="indicators"),
    path("indicators/<str:name>/", views.indicator, name="indicator"),
    path("indicators/<str:name>/by/<str:key>/", views.segment, name="segment"),
    path("indicators/<str:name>/events/", behind_views.events, name="events"),
    path("indicators/<str:name>/propose/", views.propose, name="propose"),
    path("indicators/<str:name>/note/", views.note, name="note"),
]
