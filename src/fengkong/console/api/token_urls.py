"""Addresses of the screen of tokens."""

from __future__ import annotations

from django.urls import path

from fengkong.console.api import views

app_name = "tokens"
urlpatterns = [
    path("", views.tokens, name="tokens"),
    path("<int:token>/revoke/", views.revoke, name="revoke"),
]
