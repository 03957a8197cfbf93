"""Addresses of the loop."""

from __future__ import annotations

from django.urls import path

from fengkong.console.feedback import views

app_name = "feedback"
urlpatterns = [
    path("", views.loop, name="loop"),
    path("typologies/", views.loop, {"what": "typologies"}, name="typologies"),
    path("analysts/", views.loop, {"what": "analysts"}, name="analysts"),
    path("models/", views.loop, {"what": "models"}, name="models"),
    path("file/<str:what>/<str:form>/", views.file, name="file"),
    path("staffing/", views.staffing, name="staffing"),
    path("quality/", views.second_looks, name="quality"),
    path("quality/settings/", views.change_loop, name="change_loop"),
    path("second/", views.waiting, name="waiting"),
    path("second/<int:number>/", views.look, name="look"),
    path("missed/", views.unseen, name="unseen"),
    path("missed/share/", views.change_share, name="change_share"),
]
