"""Addresses of the review desk."""

from __future__ import annotations

from django.urls import path

from fengkong.console.alerts.views import alert, desk, queue

app_name = "alerts"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("newer/", queue.newer, name="newer"),
    path("next/", queue.take, name="next"),
    path("batch/", queue.batch, name="batch"),
    path("members/", desk.members, name="members"),
    path("members/<str:username>/", desk.member, name="member"),
    path("habits/", desk.habits, name="habits"),
    path("terms/", desk.terms, name="terms"),
    path("views/", desk.save_view, name="save_view"),
    path("views/<int:view_id>/delete/", desk.delete_view, name="delete_view"),
    path("handover/", desk.handover, name="handover"),
    path("handover/<int:handover_id>/read/", desk.read_handover, name="read_handover"),
    path("closings/<int:closing_id>/undo/", alert.undo_closing, name="undo"),
    path("one/<str:alert_id>/", alert.alert, name="alert"),
    path("one/<str:alert_id>/close/", alert.close, name="close"),
    path("one/<str:alert_id>/act/", alert.act, name="act"),
    path("one/<str:alert_id>/looking/", alert.looking, name="looking"),
]
