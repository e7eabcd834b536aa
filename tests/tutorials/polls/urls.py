"""The tutorial's addresses, and the admin's."""

from django.contrib import admin
from django.urls import include, path

from . import views

polls = [
    path("", views.index, name="index"),
    path("<int:pk>/vote/", views.vote, name="vote"),
    path("<int:pk>/results/", views.results, name="results"),
]
urlpatterns = [path("polls/", include((polls, "polls"))), path("admin/", admin.site.urls)]
