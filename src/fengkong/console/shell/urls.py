"""Addresses of the frame itself."""

from __future__ import annotations

from django.urls import path
from django.views.i18n import set_language

from fengkong.console.project.declared import public
from fengkong.console.shell import views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", public(set_language), name="set_language"),
]
