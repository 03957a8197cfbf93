"""Addresses of the customer's side."""

from __future__ import annotations

from django.urls import path

from fengkong.console.customers import views

app_name = "customers"
urlpatterns = [
    path("appeals/", views.inbox, name="inbox"),
    path("appeals/new/", views.new_appeal, name="new_appeal"),
    path("appeals/<int:number>/", views.appeal_page, name="appeal"),
    path("appeals/<int:number>/claim/", views.claim_appeal, name="claim"),
    path("appeals/<int:number>/answer/", views.answer_appeal, name="answer"),
    path("appeals/<int:number>/extend/", views.extend_appeal, name="extend"),
    path("appeals/<int:number>/withdraw/", views.withdraw_appeal, name="withdraw"),
    path("wordings/", views.wordings, name="wordings"),
    path("confirmations/", views.confirmations, name="confirmations"),
    path("confirmations/<int:number>/revoke/", views.revoke_confirmation, name="revoke"),
    path("confirm/<str:secret>/", views.confirm, name="confirm"),
]
