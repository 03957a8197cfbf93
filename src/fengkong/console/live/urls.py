"""Addresses of what happens now."""

from __future__ import annotations

from django.urls import path

from fengkong.console.live.views import features, health, models, overview, stream

urlpatterns = [
    path("", overview.overview, name="live_overview"),
    path("stream/", stream.stream, name="live_stream"),
    path("stream/events", stream.stream_events, name="live_stream_events"),
    path("stream/newer", stream.stream_newer, name="live_stream_newer"),
    path("features/", features.features, name="live_features"),
    path("features/<slug:name>/", features.feature, name="live_feature"),
    path("models/", models.models, name="live_models"),
    path("models/<str:name>/<str:version>/", models.model, name="live_model"),
    path("health/", health.health, name="live_health"),
]
