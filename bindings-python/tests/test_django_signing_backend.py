"""``shortcrust.django.signing`` as SIGNING_BACKEND."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import SECRET
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.core import signing as stock
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.utils.safestring import mark_safe
from shortcrust.django import signing as ours

BACKEND = "shortcrust.django.signing.TimestampSigner"


@pytest.fixture
def backend() -> Iterator[None]:
    with override_settings(SIGNING_BACKEND=BACKEND):
        yield


def cookie(name: str, value: str) -> HttpRequest:
    request = HttpRequest()
    request.COOKIES[name] = value
    return request


@pytest.mark.usefixtures("backend")
def test_signed_cookies_are_djangos_bytes_and_ours_under_the_setting() -> None:
    response = HttpResponse()
    response.set_signed_cookie("theme", "dark", salt="s")
    value = response.cookies["theme"].value
    assert isinstance(stock.get_cookie_signer(), ours.TimestampSigner)
    assert cookie("theme", value).get_signed_cookie("theme", salt="s") == "dark"
    with override_settings(SIGNING_BACKEND="django.core.signing.TimestampSigner"):
        again = HttpResponse()
        again.set_signed_cookie("theme", "dark", salt="s")
        assert again.cookies["theme"].value == value
        assert cookie("theme", value).get_signed_cookie("theme", salt="s") == "dark"


@pytest.mark.filterwarnings("ignore:The SIGNED_COOKIE_LEGACY_SALT_FALLBACK")
@pytest.mark.usefixtures("backend")
@pytest.mark.skipif(
    not hasattr(stock, "_unsign_cookie"), reason="the first salt of before the autumn of 2026"
)
def test_a_signed_cookie_of_the_legacy_salt_opens_while_the_setting_says_so() -> None:
    signer = stock.TimestampSigner(key=b"django.http.cookies" + SECRET.encode(), salt="themes")
    request = cookie("theme", signer.sign("dark"))
    with override_settings(SIGNED_COOKIE_LEGACY_SALT_FALLBACK=True):
        assert request.get_signed_cookie("theme", salt="s") == "dark"
    with (
        override_settings(SIGNED_COOKIE_LEGACY_SALT_FALLBACK=False),
        pytest.raises(stock.BadSignature),
    ):
        request.get_signed_cookie("theme", salt="s")


@pytest.mark.usefixtures("backend")
def test_a_signed_cookie_of_a_fallback_secret_opens() -> None:
    response = HttpResponse()
    response.set_signed_cookie("theme", "dark")
    request = cookie("theme", response.cookies["theme"].value)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["other", SECRET]):
        assert request.get_signed_cookie("theme") == "dark"
        signer = stock.get_cookie_signer()
        signed = stock.TimestampSigner(key=b"django.http.cookiesother", salt=str(signer.salt)).sign(
            "v"
        )
        assert [signer.unsign(signed), signer.unsign(signed)] == ["v", "v"]


def test_waiting_messages_are_in_djangos_bytes_under_the_setting() -> None:
    stored = []
    for name in ("django.core.signing.TimestampSigner", BACKEND):
        with override_settings(SIGNING_BACKEND=name):
            request, response = HttpRequest(), HttpResponse()
            storage = CookieStorage(request)
            storage.add(constants.INFO, mark_safe("<b>saved</b>"))
            storage.update(response)
            stored.append(response.cookies["messages"].value)
            request.COOKIES["messages"] = stored[0]
            assert list(CookieStorage(request)) == [Message(constants.INFO, "<b>saved</b>")]
    assert stored[0] == stored[1]
