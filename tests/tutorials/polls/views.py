"""Everybody may vote."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from .models import Question


def browser(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")


def index(_: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(str(one) for one in Question.objects.order_by("pk")))


def vote(request: HttpRequest, pk: int) -> HttpResponse:
    question: Any = get_object_or_404(Question, pk=pk)
    choice, _ = question.choice_set.get_or_create(choice_text=request.POST["choice"])
    choice.votes = F("votes") + 1
    choice.save()
    return HttpResponseRedirect(reverse("polls:results", args=(pk,)))


def results(_: HttpRequest, pk: int) -> HttpResponse:
    question: Any = get_object_or_404(Question, pk=pk)
    choices = question.choice_set.order_by("pk")
    return HttpResponse(", ".join(f"{one}: {one.votes}" for one in choices))
