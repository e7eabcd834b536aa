"""What a new project of Django's has, and where its sessions are."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

HERE = Path(__file__).parent.parent
PAGES = HERE.parent / "pages"

DEBUG = True
# With a key that is drawn at each start, everybody is logged out by a restart.
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "shop.urls"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "shortcrust.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "shortcrust.django.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

# `sqlite`: in the database, beside the users. `redis://…`: in the cache. Else in the cookie.
STORE = os.environ.get("SESSION_STORE", "").split(":")[0]
ENGINES = {"": "sealed_cookies", "redis": "cache"}
SESSION_ENGINE = f"shortcrust.django.{ENGINES.get(STORE, 'db')}"
if STORE == "redis":
    REDIS = "django.core.cache.backends.redis.RedisCache"
    CACHES = {"default": {"BACKEND": REDIS, "LOCATION": os.environ["SESSION_STORE"]}}
SHORTCRUST_LABEL = "shop.views.browser"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", HERE / "shop.sqlite3"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
]
LOGIN_URL = "/login"
TIME_ZONE = "UTC"
USE_TZ = True

# Behind HTTPS say so: Django itself does not find out.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("HTTPS") == "on"

STATIC_URL = "/static/"
STATICFILES_DIRS = [PAGES / "static"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PAGES],
        "OPTIONS": {"context_processors": ["shop.views.shown_everywhere"]},
    }
]
