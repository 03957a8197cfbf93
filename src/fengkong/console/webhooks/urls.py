"""Addresses of webhooks."""

from __future__ import annotations

from django.urls import path

from fengkong.console.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.endpoints, name="endpoints"),
    path("new/", views.add, name="add"),
    path("<int:pk>/", views.endpoint, name="endpoint"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/secret/", views.rotate, name="rotate"),
    path("<int:pk>/disable/", views.disable, name="disable"),
    path("<int:pk>/enable/", views.enable, name="enable"),
    path("<int:pk>/ping/", views.ping, name="ping"),
    path("<int:pk>/remove/", views.remove, name="remove"),
    path("<int:pk>/replay/", views.replay, name="replay"),
    path("<int:pk>/range/", views.replay_range, name="replay_range"),
    path("<int:pk>/personal/", views.propose_personal, name="propose_personal"),
    path("<int:pk>/personal/end/", views.withhold_personal, name="withhold_personal"),
    path("deliveries/<int:pk>/", views.delivery, name="delivery"),
]
