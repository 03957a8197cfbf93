"""Addresses of the insider watch."""

from __future__ import annotations

from django.urls import path

from fengkong.console.insiders import views

app_name = "insiders"
urlpatterns = [
    path("", views.alerts, name="alerts"),
    path("<int:number>/", views.alert, name="alert"),
    path("<int:number>/close/", views.close, name="close"),
    path("hours/<str:username>/", views.hours, name="hours"),
]
