"""A shop in Django: people register, log in, fill a basket, and see and end their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import authenticate, get_user_model, login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST
from shortcrust.django import sessions

from .settings import STORE

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

GOODS = ["Sourdough", "Quiche", "Apple pie", "Cheese straws"]


def shown_everywhere(request: HttpRequest) -> dict[str, Any]:
    return {
        "user": request.user.get_username(),
        "basket": request.session.get("basket", []),
        "framework": "Django",
        "place": f"in {STORE}" if STORE else "in its cookie",
        "csrf_token": get_token(request),
    }


def browser(request: HttpRequest) -> str:
    """By what people know their sessions."""
    agent = request.headers.get("User-Agent", "")
    names = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    return next((name for part, name in names.items() if part in agent), "A browser")


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"goods": GOODS})


def register(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "register.html")
    users = get_user_model().objects
    name, password = request.POST["name"], request.POST["password"]
    try:
        validate_password(password)
    except ValidationError as error:
        return render(request, "register.html", {"message": " ".join(error.messages)}, status=400)
    if not name or users.filter(username=name).exists():
        return render(request, "register.html", {"message": "That name is taken."}, status=400)
    return welcome(request, users.create_user(name, password=password))


def log_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        message = "Log in to see this page." if "next" in request.GET else None
        return render(request, "login.html", {"message": message})
    found = authenticate(request, username=request.POST["name"], password=request.POST["password"])
    if found is None:
        message = "Name or password is wrong."
        return render(request, "login.html", {"message": message}, status=401)
    return welcome(request, found)


def welcome(request: HttpRequest, user: Any) -> HttpResponse:
    login(request, user)
    # 0: the cookie ends with the browser. None: it lives as long as SESSION_COOKIE_AGE says.
    request.session.set_expiry(None if "remember" in request.POST else 0)
    # Anybody may have written the link that led here.
    page = request.GET.get("next", "/")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return redirect(page if is_ours else "/")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("/")


def basket(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "basket.html")
    if request.POST["item"] in GOODS:
        # A change inside the list is saved too.
        request.session.setdefault("basket", []).append(request.POST["item"])
    return redirect("/")


@require_POST
def empty(request: HttpRequest) -> HttpResponse:
    request.session.pop("basket", None)
    return redirect("/basket")


@login_required
def my_sessions(request: HttpRequest) -> HttpResponse:
    found = sessions.list(request.user, current=request) if STORE else []
    shown = [one._asdict() | {"seen": f"{one.last_used:%-d %B, %H:%M} UTC"} for one in found]
    return render(request, "sessions.html", {"sessions": shown})


@require_POST
@login_required
def revoke(request: HttpRequest) -> HttpResponse:
    if STORE:
        # With the user, so that nobody ends another's session.
        sessions.revoke(request.POST["handle"], request.user)
    return redirect("/sessions")


@require_POST
@login_required
def revoke_all(request: HttpRequest) -> HttpResponse:
    if STORE:
        sessions.revoke_all(request.user, except_current=request)
    return redirect("/sessions")
