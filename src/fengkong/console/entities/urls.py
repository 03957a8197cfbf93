"""Addresses of entities; an entity stands in one by its blind index, never by its value."""

from django.urls import path

from fengkong.console.entities import finding, views

app_name = "entities"
urlpatterns = [
    path("", finding.find, name="find"),
    path("graph/", views.graph, name="graph"),
    path("<str:kind>/<str:entity>/", views.entity, name="entity"),
    path("<str:kind>/<str:entity>/money/", views.money, name="money"),
    path("<str:kind>/<str:entity>/features/", views.features, name="features"),
]
