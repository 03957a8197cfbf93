"""Addresses of notices."""

from __future__ import annotations

from django.urls import path

from fengkong.console.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:pk>/", views.notice, name="notice"),
    path("<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("deliveries/<int:pk>/again/", views.resend, name="resend"),
    path("silences/new/", views.silence, name="silence"),
    path("silences/<int:pk>/end/", views.end_silence, name="end_silence"),
    path("routes/", views.routes, name="routes"),
    path("routes/new/", views.add_route, name="add_route"),
    path("routes/<int:pk>/remove/", views.remove_route, name="remove_route"),
    path("shifts/new/", views.add_shift, name="add_shift"),
    path("shifts/<int:pk>/remove/", views.remove_shift, name="remove_shift"),
    path("channels/", views.channel_list, name="channels"),
    path("channels/new/", views.add_channel, name="add_channel"),
    path("channels/<int:pk>/", views.channel, name="channel"),
    path("channels/<int:pk>/edit/", views.edit_channel, name="edit_channel"),
    path("channels/<int:pk>/test/", views.test_channel, name="test_channel"),
    path("channels/<int:pk>/switch/", views.switch_channel, name="switch_channel"),
    path("channels/<int:pk>/remove/", views.remove_channel, name="remove_channel"),
]
