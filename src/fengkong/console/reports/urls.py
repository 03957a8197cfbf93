"""Addresses of dashboards and reports."""

from __future__ import annotations

from django.urls import path

from fengkong.console.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.main, name="dashboard"),
    path("file/<str:form>/", views.file, name="file"),
    path("quarterly/", views.quarterly, name="quarterly"),
    path("quarterly/file/<str:form>/", views.quarterly_file, name="quarterly_file"),
]
