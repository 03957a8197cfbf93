"""Addresses of lists."""

from __future__ import annotations

from django.urls import path

from fengkong.console.lists import views

urlpatterns = [
    path("", views.list_overview, name="lists"),
    path("imports/<int:import_id>/", views.import_page, name="list_import"),
    path("imports/<int:import_id>/confirm/", views.import_confirm, name="list_import_confirm"),
    path("imports/<int:import_id>/revert/", views.import_revert, name="list_import_revert"),
    path("entries/<int:entry_id>/", views.entry_page, name="list_entry"),
    path("<str:name>/", views.entry_list, name="list"),
    path("<str:name>/add/", views.add_page, name="list_add"),
    path("<str:name>/import/", views.import_new, name="list_import_new"),
    path("<str:name>/end/", views.end_picked, name="list_end"),
]
