"""Addresses of approvals."""

from __future__ import annotations

from django.urls import path

from fengkong.console.approvals import views

urlpatterns = [
    path("", views.inbox, name="approvals"),
    path("<int:number>/", views.proposal, name="proposal"),
    path("<int:number>/approve/", views.approve, name="approve_proposal"),
    path("<int:number>/reject/", views.reject, name="reject_proposal"),
    path("<int:number>/withdraw/", views.withdraw, name="withdraw_proposal"),
]
