"""Addresses of gangs."""

from django.urls import path

from fengkong.console.gangs import views

app_name = "gangs"
urlpatterns = [
    path("", views.gangs, name="gangs"),
    path("<int:number>/", views.gang, name="gang"),
    path("<int:number>/freeze/", views.freeze, name="freeze"),
    path("<int:number>/judge/", views.judge, name="judge"),
]
