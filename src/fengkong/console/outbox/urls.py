"""Addresses of the jobs' screen."""

from __future__ import annotations

from django.urls import path

from fengkong.console.outbox import views

app_name = "jobs"
urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("retry/", views.retry_picked, name="retry"),
]
