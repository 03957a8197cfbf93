"""Addresses of decisions."""

from __future__ import annotations

from django.urls import path

from fengkong.console.live.views import decision, decisions

urlpatterns = [
    path("", decisions.decisions, name="decisions"),
    path("look-up/", decisions.look_up, name="decisions_look_up"),
    path("<int:sequence>/", decision.decision, name="decision"),
    path("<int:sequence>/proof/", decision.proof, name="decision_proof"),
    path("<int:sequence>/replay/", decision.replay, name="decision_replay"),
]
