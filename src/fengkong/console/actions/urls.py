"""Addresses of actions on customers."""

from __future__ import annotations

from django.urls import path

from fengkong.console.actions import callbacks, views

app_name = "actions"
urlpatterns = [
    path("", views.actions, name="actions"),
    path("ask/", views.ask_for, name="ask"),
    path("systems/", views.systems, name="systems"),
    path("systems/<int:system_id>/toggle/", views.toggle, name="toggle"),
    path("answers/<str:action_id>/", callbacks.answer, name="answer"),
    path("one/<str:action_id>/", views.action, name="action"),
    path("one/<str:action_id>/act/", views.act, name="act"),
]
