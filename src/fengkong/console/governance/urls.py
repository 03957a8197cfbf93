"""Addresses of governance."""

from __future__ import annotations

from django.urls import path

from fengkong.console.governance import editor, part_views, views

urlpatterns = [
    path("", views.version_list, name="policies"),
    path("new/", views.new_draft, name="policy_new"),
    path("roll-back/", views.roll_back, name="policy_roll_back"),
    path("parameters/", views.parameters, name="policy_parameters"),
    path("parameters/<str:name>/", part_views.parameter_change, name="policy_parameter"),
    path("models/", views.models, name="policy_models"),
    path("models/change/", part_views.model_change, name="policy_model_change"),
    path("bench/", editor.bench, name="policy_bench"),
    path("<int:version_id>/", views.version_page, name="policy_version"),
    path("<int:version_id>/check/", views.check, name="policy_check"),
    path("<int:version_id>/back-test/", views.backtest, name="policy_backtest"),
    path("<int:version_id>/propose/", views.propose, name="policy_propose"),
    path("<int:version_id>/stop/", views.stop, name="policy_stop"),
    path("<int:version_id>/give-up/", views.abandon, name="policy_abandon"),
    path("<int:version_id>/again/", part_views.make_again, name="policy_make_again"),
    path("<int:version_id>/take-back/", part_views.take_back, name="policy_take_back"),
    path("<int:version_id>/against/<int:other_id>/", views.diff, name="policy_diff"),
    path("<int:version_id>/edit/", editor.editor, name="policy_editor"),
    path("<int:version_id>/faults/", editor.faults, name="policy_faults"),
    path("<int:version_id>/names/", editor.names, name="policy_names"),
    path("<int:version_id>/preview/", editor.preview, name="policy_preview"),
    path("<int:version_id>/template/", editor.add_template, name="policy_template"),
    path("<int:version_id>/rules/<str:rule>/", editor.rule_editor, name="policy_rule"),
]
