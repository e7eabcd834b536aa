"""What a new project of Django's has, and where its sessions are."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))

from lesson import PAGES

# One place for the site and for `manage.py`.
FOLDER = Path(os.environ.get("LESSONS_FOLDER") or Path(__file__).parent / ".kept")
FOLDER.mkdir(exist_ok=True)

DEBUG = True
# So that the page can show what went wrong.
DEBUG_PROPAGATE_EXCEPTIONS = True
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
ALLOWED_HOSTS = [".localhost", "127.0.0.1", ".test"]
ROOT_URLCONF = "app"
INSTALLED_APPS = ["django.contrib.sessions", "shortcrust.django"]
MIDDLEWARE = [
    "shortcrust.django.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]

# The one setting: db, file, cache, cached_db, signed_cookies or sealed_cookies.
SESSION_ENGINE = "shortcrust.django." + os.environ.get("ENGINE", "db")
SESSION_FILE_PATH = FOLDER

# What `db` and `cached_db` use. The same for every engine: a database, and a cache.
DATABASE = urlsplit(os.environ.get("DATABASE_URL", ""))
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "lessons.db"}}
if DATABASE.scheme == "mysql":
    import pymysql

    # Django asks for mysqlclient, whose place PyMySQL can take.
    pymysql.version_info = (2, 2, 1, "final", 0)
    pymysql.install_as_MySQLdb()
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.mysql",
        "HOST": DATABASE.hostname,
        "PORT": DATABASE.port,
        "USER": DATABASE.username,
        "PASSWORD": DATABASE.password or "",
        "NAME": DATABASE.path[1:],
    }

# What `cache` and `cached_db` use.
CACHE = os.environ.get("CACHE_URL", "")
BACKENDS = {
    "": ("locmem.LocMemCache", "lessons"),
    "redis": ("redis.RedisCache", CACHE),
    "memcached": ("memcached.PyMemcacheCache", CACHE.removeprefix("memcached://")),
    "database": ("db.DatabaseCache", "lessons_cache"),
    "file": ("filebased.FileBasedCache", FOLDER / "cache"),
}
BACKEND, LOCATION = BACKENDS[CACHE.split(":")[0]]
CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{BACKEND}", "LOCATION": LOCATION}}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PAGES],
        "OPTIONS": {"context_processors": ["app.shown_everywhere"]},
    }
]
