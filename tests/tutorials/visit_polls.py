"""Visits the polls in a process of its own, and prints what comes back as JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import django

sys.path.insert(0, str(Path(__file__).parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "polls.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402


def visit() -> list[Any]:
    client = Client()
    users: Any = get_user_model()
    users.objects.create_superuser("ada", "", "correct horse")
    came = [client.get("/admin/").status_code]
    form = {"username": "ada", "password": "correct horse", "next": "/admin/"}
    came.append(client.post("/admin/login/", form).headers["Location"])
    added = client.post("/admin/polls/question/add/", {"question_text": "Sweet?"}, follow=True)
    came.append("was added successfully" in added.content.decode())
    copied = client.cookies[settings.SESSION_COOKIE_NAME].value
    came.append(client.get("/admin/").status_code)
    client.post("/admin/logout/")
    came.append(client.get("/admin/").status_code)
    for choice in ("Yes", "No", "Yes"):
        came.append(client.post("/polls/1/vote/", {"choice": choice}).headers["Location"])
    came += [client.get(path).content.decode() for path in ("/polls/", "/polls/1/results/")]
    return [came, settings.SESSION_ENGINE, opens(copied)]


def opens(cookie: str) -> bool:
    """Whether a copy of the cookie that was made before the logout still opens the admin's page."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    return client.get("/admin/").status_code == 200


if __name__ == "__main__":
    call_command("migrate", run_syncdb=True, verbosity=0)
    print(json.dumps(visit()))
