"""Runs among itsdangerous' tests: what they test is ours."""

from __future__ import annotations

import hmac

import itsdangerous.serializer
import itsdangerous.signer
import itsdangerous.timed
import itsdangerous.url_safe
import pytest
import shortcrust.itsdangerous


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (itsdangerous.signer, "Signer"),
        (itsdangerous.timed, "TimestampSigner"),
        (itsdangerous.serializer, "Serializer"),
        (itsdangerous.timed, "TimedSerializer"),
        (itsdangerous.url_safe, "URLSafeSerializer"),
        (itsdangerous.url_safe, "URLSafeTimedSerializer"),
    ],
)
def test_sentinel_the_class_under_test_is_ours(
    module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = getattr(module, name)
    assert kind is getattr(shortcrust.itsdangerous, name)
    assert kind.__module__ == "shortcrust.itsdangerous"
    monkeypatch.delattr(hmac, "new")
    tool = kind("secret-key")
    if name.endswith("Serializer"):
        assert tool.loads(tool.dumps([1])) == [1]
    else:
        assert tool.unsign(tool.sign("value")) == b"value"
