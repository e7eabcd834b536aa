"""Which view answers where."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.home),
    path("register", views.register),
    path("login", views.log_in),
    path("logout", views.log_out),
    path("basket", views.basket),
    path("basket/empty", views.empty),
    path("sessions", views.my_sessions),
    path("sessions/revoke", views.revoke),
    path("sessions/revoke-all", views.revoke_all),
]
