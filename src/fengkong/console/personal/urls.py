"""Addresses of personal data."""

from __future__ import annotations

from django.urls import path

from fengkong.console.personal import views

app_name = "personal"
urlpatterns = [
    path("reveal/<int:sequence>/<slug:field>/", views.reveal_value, name="reveal"),
    path("masked/<int:sequence>/<slug:field>/", views.masked_value, name="masked"),
    path("exports/", views.exports, name="exports"),
    path("exports/new/", views.new_export, name="new_export"),
    path("exports/<int:number>/file/", views.download, name="download"),
    path("erasures/", views.erasures, name="erasures"),
    path("erasures/new/", views.new_erasure, name="new_erasure"),
]
