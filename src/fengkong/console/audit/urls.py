"""Addresses of audit."""

from __future__ import annotations

from django.urls import path

from fengkong.console.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.entries, name="entries"),
    path("<int:sequence>/", views.entry, name="entry"),
    path("<int:sequence>/proof/", views.proof, name="proof"),
    path("checkpoint/", views.checkpoint, name="checkpoint"),
    path("verify/", views.verify, name="verify"),
    path("verify/<int:number>/", views.verification, name="verification"),
    path("export.csv", views.export_csv, name="export_csv"),
    path("export.zip", views.export_archive, name="export_archive"),
]
