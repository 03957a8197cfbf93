"""Addresses of the frame itself."""

from __future__ import annotations

from django.conf import settings
from django.urls import path
from django.views.i18n import set_language

from fengkong.console.project.declared import public
from fengkong.console.shell import gallery, views

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("language/", public(set_language), name="set_language"),
]
if settings.SHOW_GALLERY:
    urlpatterns += [
        path("gallery/", gallery.gallery, name="gallery"),
        path("gallery/said/", gallery.said, name="gallery_said"),
    ]
