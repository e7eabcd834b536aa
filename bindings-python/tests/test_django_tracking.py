"""A user's sessions, listed and ended, on every engine that has them on the server."""

from __future__ import annotations

import asyncio
import importlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import login, logout, update_session_auth_hash
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import override_settings
from django_site import ASYNC, OURS, Browser, Session, User, site
from shortcrust import TooLarge, Unsupported, reason
from shortcrust.django import _tracking, sessions

UserSession = apps.get_model("shortcrust.UserSession")
WITHOUT = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]


@pytest.fixture(params=["db", "cached_db", "cache"])
def name(request: pytest.FixtureRequest) -> str:
    return OURS + str(request.param)


@pytest.fixture
def browser(name: str) -> Iterator[Browser]:
    with site(name) as browser:
        yield browser


@pytest.fixture
def ada() -> Iterator[Any]:
    user = User.objects.create_user("ada", password="a")
    yield user
    user.delete()


@pytest.fixture
def bob() -> Iterator[Any]:
    user = User.objects.create_user("bob", password="b")
    yield user
    user.delete()


def another(browser: Browser) -> Browser:
    return Browser(browser.clock)


def log_in(browser: Browser, user: Any, label: str | None = None) -> None:
    def handler(request: HttpRequest) -> None:
        login(request, user, "django.contrib.auth.backends.ModelBackend")
        if label is not None:
            request.session.label = label  # type: ignore[attr-defined]

    assert browser.run(handler).status == 200


def who(browser: Browser) -> str:
    return browser.run(lambda request: request.session.get("_auth_user_id")).text


def look(request: HttpRequest) -> tuple[Any, str | None]:
    return request.session.get("_auth_user_id"), reason(request)


def forget_process() -> None:
    """As if another process served the next request."""
    _tracking.forget_known()


def test_a_login_is_listed_with_its_label(browser: Browser, ada: Any) -> None:
    log_in(browser, ada, "Firefox on Linux")
    (info,) = sessions.list(ada)
    assert (info.label, info.is_current) == ("Firefox on Linux", False)
    assert info.created == info.last_used
    assert sessions.list(ada.pk) == sessions.list(str(ada.pk)) == [info]
    seen = browser.run(lambda request: sessions.list(ada, current=request)[0].is_current)
    assert seen.text == "True"


def test_the_table_has_no_key_that_opens_a_session(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)
    row = UserSession.objects.values().get()
    key = browser.jar["sessionid"]
    assert key not in repr(row)
    assert sessions.list(ada)[0].handle != key
    # The address and the browser's name are not kept either.
    assert "testclient" not in repr(row) and "127.0.0.1" not in repr(row)


def test_a_nobodys_session_is_not_in_the_table(browser: Browser) -> None:
    browser.run(lambda request: request.session.update({"cart": [1]}))
    assert not UserSession.objects.exists()


def test_a_logout_is_no_longer_listed(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)
    browser.run(logout)
    assert sessions.list(ada) == []
    assert not UserSession.objects.exists()


def test_a_session_that_is_gone_is_not_listed(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)
    Session.objects.all().delete()
    cache.clear()
    assert sessions.list(ada) == []
    assert not UserSession.objects.exists()


def test_the_last_use_is_noted_every_five_minutes(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)
    begun = sessions.list(ada)[0].created
    for seconds, noted in ((200, 0), (200, 400), (200, 400), (200, 800)):
        browser.advance(seconds=seconds)
        who(browser)
        info = sessions.list(ada)[0]
        assert ((info.last_used - begun).total_seconds(), info.created) == (noted, begun)


def test_a_session_from_before_appears_when_it_is_used(
    browser: Browser, ada: Any, name: str
) -> None:
    with override_settings(INSTALLED_APPS=WITHOUT):
        log_in(browser, ada)
    assert sessions.list(ada) == []
    assert who(browser) == repr(str(ada.pk))
    assert len(sessions.list(ada)) == 1


def test_one_session_is_ended(browser: Browser, ada: Any) -> None:
    other = another(browser)
    log_in(browser, ada, "here")
    log_in(other, ada, "there")
    handles = {info.label: info.handle for info in sessions.list(ada)}
    assert sessions.revoke(handles["there"], ada)
    assert (who(other), who(browser)) == ("None", repr(str(ada.pk)))
    assert [info.label for info in sessions.list(ada)] == ["here"]
    assert not sessions.revoke(handles["there"], ada)


@pytest.mark.parametrize("handle", ["", "no handle", "0" * 64])
def test_a_handle_that_is_none_ends_nothing(browser: Browser, ada: Any, handle: str) -> None:
    log_in(browser, ada)
    assert not sessions.revoke(handle, ada)
    assert who(browser) == repr(str(ada.pk))


def test_the_handle_of_another_user_is_refused(browser: Browser, ada: Any, bob: Any) -> None:
    log_in(browser, ada)
    (info,) = sessions.list(ada)
    assert not sessions.revoke(info.handle, bob)
    assert who(browser) == repr(str(ada.pk))


def test_all_sessions_are_ended_and_no_other_users(browser: Browser, ada: Any, bob: Any) -> None:
    second, bobs = another(browser), another(browser)
    log_in(browser, ada)
    log_in(second, ada)
    log_in(bobs, bob)
    assert sessions.revoke_all(ada) == 2
    assert [who(browser), who(second), who(bobs)] == ["None", "None", repr(str(bob.pk))]
    assert sessions.list(ada) == []
    log_in(browser, ada)
    forget_process()
    assert who(browser) == repr(str(ada.pk))


def test_the_kept_session_has_a_new_key_and_a_copy_of_the_old_one_is_over(
    browser: Browser, ada: Any
) -> None:
    log_in(browser, ada, "here")
    log_in(another(browser), ada)
    thief = another(browser)
    thief.jar = dict(browser.jar)
    answer = browser.run(lambda request: sessions.revoke_all(ada, except_current=request))
    assert answer.text == "1"
    assert browser.jar != thief.jar
    forget_process()
    assert (who(browser), who(thief)) == (repr(str(ada.pk)), "None")
    assert [info.label for info in sessions.list(ada)] == ["here"]


def test_a_session_that_the_table_did_not_know_is_over_too(browser: Browser, ada: Any) -> None:
    with override_settings(INSTALLED_APPS=WITHOUT):
        log_in(browser, ada)
    sessions.revoke_all(ada)
    answer = browser.run(look)
    assert answer.text == repr((None, "revoked"))
    assert who(browser) == "None"


def test_a_session_whose_key_no_secret_opens_ends_when_it_is_next_used(
    browser: Browser, ada: Any, name: str
) -> None:
    log_in(browser, ada)
    UserSession.objects.update(sealed_key="of a secret that is gone")
    assert sessions.revoke_all(ada) == 0
    forget_process()
    assert who(browser) == "None"


def test_a_new_key_is_followed(browser: Browser, ada: Any) -> None:
    log_in(browser, ada, "here")
    (before,) = sessions.list(ada)
    browser.advance(seconds=60)
    browser.run(lambda request: update_session_auth_hash(request, ada))
    (after,) = sessions.list(ada)
    assert (after.label, after.created) == ("here", before.created)
    assert after.handle != before.handle
    assert sessions.revoke(after.handle, ada)
    assert who(browser) == "None"


def test_a_request_in_flight_does_not_undo_the_end(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)

    def overtaken(request: HttpRequest) -> None:
        request.session["written"] = 1
        sessions.revoke_all(ada)

    assert browser.run(overtaken).status == 400
    assert who(browser) == "None"
    assert sessions.list(ada) == []


def test_a_new_key_in_flight_does_not_undo_the_end(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)

    def overtaken(request: HttpRequest) -> None:
        request.session.items()
        sessions.revoke_all(ada)
        request.session.cycle_key()

    assert browser.run(overtaken).status == 400
    assert who(browser) == "None"


def test_a_new_key_between_the_mark_and_the_end_is_over(
    browser: Browser, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(browser, ada)
    (info,) = sessions.list(ada)
    ends = sessions._end

    def overtaken(engine: Any, row: Any) -> bool:
        monkeypatch.undo()
        browser.run(lambda request: request.session.cycle_key())
        return ends(engine, row)

    monkeypatch.setattr(sessions, "_end", overtaken)
    sessions.revoke_all(ada)
    assert who(browser) == "None"
    assert info.handle not in [one.handle for one in sessions.list(ada)]


def test_a_login_that_is_rolled_back_is_not_known(ada: Any) -> None:
    with site(OURS + "cache") as browser:
        sessions.revoke_all(ada)

        def fails(request: HttpRequest) -> None:
            with transaction.atomic():
                login(request, ada, "django.contrib.auth.backends.ModelBackend")
                request.session.save()
                transaction.set_rollback(True)

        browser.run(fails)
        assert who(browser) == repr(str(ada.pk))
        assert len(sessions.list(ada)) == 1


def test_a_label_of_over_200_bytes_is_refused(browser: Browser) -> None:
    store = importlib.import_module(OURS + "db").SessionStore()
    store.label = "é" * 100
    with pytest.raises(TooLarge, match="200 bytes"):
        store.label = "é" * 101


def label_of(request: HttpRequest) -> str:
    return str(request.META.get("HTTP_USER_AGENT", ""))


@pytest.mark.parametrize("setting", [label_of, f"{__name__}.label_of"])
def test_a_callable_of_the_request_labels_what_logs_in(
    browser: Browser, ada: Any, setting: Any
) -> None:
    with override_settings(SHORTCRUST_LABEL=setting):
        browser.run(
            lambda request: login(request, ada, "django.contrib.auth.backends.ModelBackend"),
            HTTP_USER_AGENT="é" * 150,
        )
    assert sessions.list(ada)[0].label == "é" * 100


def test_a_table_that_is_not_there_fails_no_request(ada: Any) -> None:
    with site(OURS + "db") as browser:
        for model in (UserSession, apps.get_model("shortcrust.UserEpoch")):
            with connection.schema_editor() as editor:
                editor.delete_model(model)
        try:
            log_in(browser, ada)
            assert who(browser) == repr(str(ada.pk))
        finally:
            for model in (UserSession, apps.get_model("shortcrust.UserEpoch")):
                with connection.schema_editor() as editor:
                    editor.create_model(model)


def test_without_the_application_there_are_no_more_queries(ada: Any) -> None:
    with site(OURS + "db") as browser, override_settings(INSTALLED_APPS=WITHOUT):
        log_in(browser, ada)
        who(browser)
        with pytest.raises(Unsupported, match="INSTALLED_APPS"):
            sessions.list(ada)
    assert not UserSession.objects.exists()


@pytest.mark.parametrize("engine", ["signed_cookies", "sealed_cookies", "file"])
def test_an_engine_without_a_list_says_so(engine: str, ada: Any) -> None:
    with site(OURS + engine) as browser:
        log_in(browser, ada)
        with pytest.raises(Unsupported, match=r"shortcrust\.django\.db"):
            sessions.revoke_all(ada)


def test_clearsessions_clears_the_table(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)
    browser.advance(days=14, hours=1)
    call_command("clearsessions", stdout=io.StringIO())
    assert UserSession.objects.exists()
    browser.advance(days=1)
    call_command("clearsessions", stdout=io.StringIO())
    assert not UserSession.objects.exists()


@ASYNC
def test_the_async_methods_do_the_same(browser: Browser, ada: Any) -> None:
    log_in(browser, ada)
    log_in(another(browser), ada)

    async def end() -> list[Any]:
        first, second = await sessions.alist(ada)
        return [
            await sessions.arevoke(first.handle, ada),
            await sessions.arevoke_all(ada),
            await sessions.alist(ada),
            second.label,
        ]

    assert asyncio.run(end()) == [True, 1, [], ""]


def test_the_migration_is_what_the_models_say() -> None:
    call_command("makemigrations", "shortcrust", check=True, dry_run=True, stdout=io.StringIO())
