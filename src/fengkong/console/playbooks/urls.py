"""Addresses of playbooks."""

from __future__ import annotations

from django.urls import path

from fengkong.console.playbooks import views

urlpatterns = [
    path("", views.library, name="playbooks"),
    path("new/", views.new, name="playbook_new"),
    path("faults/", views.faults, name="playbook_faults"),
    path("drafts/<int:draft_id>/", views.editor, name="playbook_editor"),
    path("drafts/<int:draft_id>/propose/", views.propose, name="playbook_propose"),
    path("drafts/<int:draft_id>/drop/", views.drop, name="playbook_drop"),
    path("<slug:playbook>/", views.page, name="playbook"),
    path("<slug:playbook>/versions/<int:number>/", views.version, name="playbook_version"),
    path("<slug:playbook>/edit/", views.edit, name="playbook_edit"),
]
