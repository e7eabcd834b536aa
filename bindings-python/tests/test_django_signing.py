"""``shortcrust.django.signing`` against ``django.core.signing``."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
import json
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import django_site
import pytest
from django.conf import settings
from django.core import signing as stock
from django.http import QueryDict
from django.test import override_settings
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given
from hypothesis import strategies as st
from shortcrust import ConfigError, _core, _installed
from shortcrust.django import _installed as installed_django
from shortcrust.django import signing as ours

assert settings.configured, django_site

SIGNERS = pytest.mark.parametrize("name", ["Signer", "TimestampSigner"])
MODULES = pytest.mark.parametrize("module", [stock, ours], ids=["stock", "ours"])

texts = st.text(st.characters(), max_size=12)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**90), 2**90), st.floats(), texts
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.tuples(inner, inner),
        st.dictionaries(texts, inner, max_size=6),
        # What only Django's serializer knows.
        st.dictionaries(st.one_of(st.integers(), st.none(), st.booleans()), inner, max_size=2),
        st.builds(lambda item, times: [item] * times, inner, st.integers(0, 40)),
    ),
    max_leaves=12,
)
keys = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=80), st.binary(min_size=1)
)
salts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@pytest.fixture(autouse=True)
def clock() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(django_site.START) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


class Failure(Exception):
    """What was raised, as text."""


def outcome(call: Callable[[], object]) -> str:
    """What comes of a call, with its type."""
    try:
        return repr(call())
    except Exception as error:  # noqa: BLE001 - whatever the peer raises
        return f"{type(error).__module__}.{type(error).__name__}: {error}"


def both(call: Callable[[Any], object]) -> str:
    """What comes of the call on either module, which must be the same."""
    expected = outcome(lambda: call(stock))
    assert outcome(lambda: call(ours)) == expected
    return expected


def test_the_module_has_all_that_djangos_has() -> None:
    public = {
        name
        for name, value in vars(stock).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and getattr(value, "__module__", stock.__name__) == stock.__name__
    }
    assert public == set(ours.__all__)
    assert all(hasattr(ours, name) for name in public)


def test_the_exceptions_are_djangos_own() -> None:
    assert ours.BadSignature is stock.BadSignature
    assert ours.SignatureExpired is stock.SignatureExpired
    assert issubclass(ours.Signer, stock.Signer)
    assert issubclass(ours.TimestampSigner, stock.TimestampSigner)


@pytest.mark.parametrize("name", ["Signer", "TimestampSigner"])
def test_the_default_salt_is_djangos(name: str) -> None:
    assert getattr(ours, name)().salt == f"django.core.signing.{name}"
    assert getattr(ours, name)(salt="").salt == f"django.core.signing.{name}"


def test_a_subclass_has_a_default_salt_of_its_own() -> None:
    class Mine(ours.Signer):
        pass

    assert Mine().salt == f"{__name__}.Mine"


@given(documents, salts, keys, st.lists(keys, max_size=3), st.booleans())
def test_an_object_is_signed_in_djangos_bytes_and_read_in_both_directions(
    document: object, salt: str, key: Any, fallbacks: Any, compress: bool
) -> None:
    signed = both(lambda module: module.dumps(document, key, salt, compress=compress))
    if signed.startswith("'"):
        token = signed[1:-1]
        new: Any = {"key": b"a new key", "salt": salt, "fallback_keys": [*fallbacks, key]}
        both(lambda module: module.loads(token, **new, max_age=0))
        both(lambda module: module.loads(token, key, salt="another", fallback_keys=fallbacks))


@given(texts, salts, keys, st.sampled_from([":", "::", ".", "~", "é", " "]))
def test_a_text_is_signed_and_read_as_by_django(text: str, salt: str, key: Any, sep: str) -> None:
    for name in ("Signer", "TimestampSigner"):

        def signer(module: Any, name: str = name) -> Any:
            return getattr(module, name)(key=key, salt=salt, sep=sep)

        signed = both(lambda module: signer(module).sign(text))
        both(lambda module: signer(module).signature(text))
        if signed.startswith("'"):
            both(lambda module: signer(module).unsign(signer(stock).sign(text)))


@given(st.data())
def test_a_changed_token_gives_djangos_answer(data: st.DataObject) -> None:
    token = stock.dumps({"user": "ada", "n": [1.0, None]}, compress=data.draw(st.booleans()))
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("Aa0_-:.= \n\0é"))
    changed = data.draw(
        st.sampled_from(
            [token[:at] + letter + token[at + 1 :], token[:at] + letter + token[at:], token[:at]]
        )
    )
    both(lambda module: module.loads(changed))
    both(lambda module: module.TimestampSigner().unsign(changed))
    both(lambda module: module.Signer().unsign(changed))


@pytest.mark.parametrize(
    "value", ["", "e30", "====", ".", ".e30", "eyJhIjoxfQ==", "!e30", "W10", "-", "a:b", "\u00e9"]
)
@SIGNERS
def test_a_signed_value_of_any_shape_gives_djangos_answer(name: str, value: str) -> None:
    token = getattr(stock, name)().sign(value)
    both(lambda module: getattr(module, name)().unsign_object(token))


@pytest.mark.parametrize(
    "stamp", ["", "-", "--1", "0", "-0", "1vbVSP", "zzzzzzzzzzzzz", "é", "1.5"]
)
def test_a_timestamp_of_any_shape_gives_djangos_answer(stamp: str) -> None:
    salt = "django.core.signing.TimestampSigner"
    token = stock.Signer(salt=salt).sign(f"e30:{stamp}")
    both(lambda module: module.TimestampSigner().unsign(token))
    both(lambda module: module.TimestampSigner().unsign_object(token))
    both(lambda module: module.TimestampSigner().unsign(token, max_age=10))


@pytest.mark.parametrize(
    "payload",
    [b"\xc3\xa9", b'"\xe9"', b'{"a":"\xc3\xa9"}', b"NaN", b"1" * 5000, b"[" * 300 + b"]" * 300],
    ids=lambda payload: repr(payload[:12]),
)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_payload_of_any_spelling_gives_djangos_answer(payload: bytes, compressed: bool) -> None:
    body = stock.b64_encode(zlib.compress(payload) if compressed else payload).decode()
    token = stock.TimestampSigner().sign("." + body if compressed else body)
    both(lambda module: module.TimestampSigner().unsign_object(token))


def test_what_inflates_beyond_our_caps_is_left_to_django() -> None:
    token = stock.dumps("a" * (_core.MAX_RECORD + 1), compress=True)
    assert len(ours.loads(token)) == _core.MAX_RECORD + 1
    assert ours.dumps("a" * (_core.MAX_RECORD + 1), compress=True) == token


@pytest.mark.parametrize("seconds", [0, 9.9, 10, 10.1, 1e6, -5])
@pytest.mark.parametrize(
    "max_age", [None, 0, 10, 10.0, dt.timedelta(seconds=10), dt.timedelta(days=1)]
)
def test_a_signature_ages_as_in_django(
    clock: FrozenDateTimeFactory, seconds: float, max_age: Any
) -> None:
    token, signed = stock.dumps({}), stock.TimestampSigner().sign("value")
    clock.tick(dt.timedelta(seconds=seconds))
    both(lambda module: module.loads(token, max_age=max_age))
    both(lambda module: module.TimestampSigner().unsign(signed, max_age=max_age))


@pytest.mark.parametrize(
    "value",
    [1, 1.5, None, True, b"bytes", ("a", "b"), lazystr("lazy"), mark_safe("<b>"), "\ud800"],
    ids=repr,
)
@SIGNERS
def test_values_of_other_types_are_signed_as_in_django(name: str, value: Any) -> None:
    both(lambda module: getattr(module, name)().sign(value))
    both(lambda module: getattr(module, name)().signature(value))
    both(lambda module: getattr(module, name)().unsign(value))
    both(lambda module: getattr(module, name)().unsign_object(value))


@pytest.mark.parametrize(
    "value",
    [
        QueryDict("a=1&a=2"),
        OrderedDict(b=1, a=2),
        {"a": mark_safe("<b>")},
        {2: "a", None: "b", True: "c", 1.5: "d"},
        {"a": dt.date(2026, 1, 2)},
        {"a": {1, 2}},
        {("a",): 1},
        object(),
    ],
    ids=repr,
)
def test_objects_of_other_types_are_signed_as_in_django(value: Any) -> None:
    both(lambda module: module.dumps(value))


@pytest.mark.parametrize("algorithm", ["sha1", "sha384", "sha512", "md5", "sha3_256", "unknown"])
@pytest.mark.parametrize("fallback_keys", [None, [], ["old"], ["old", b"older"], [""], [5], "many"])
@pytest.mark.parametrize("key", ["new", "old", "older", "key 19", "5"])
def test_every_option_is_djangos(algorithm: str, fallback_keys: Any, key: str) -> None:
    if fallback_keys == "many":
        fallback_keys = [f"key {n}" for n in range(20)]
    options = {"algorithm": algorithm, "salt": "salt", "fallback_keys": fallback_keys}
    both(lambda module: module.TimestampSigner(key="new", **options).sign("value"))
    token = outcome(lambda: stock.Signer(key=key, **options).sign("value")).strip("'")
    both(lambda module: module.Signer(key="new", **options).unsign(token))


def test_a_separator_that_is_unsafe_is_refused_in_djangos_words() -> None:
    assert "Unsafe Signer separator" in both(lambda module: module.Signer(sep="-"))
    assert "No" in both(lambda module: module.Signer(sep="/").unsign("a:b"))


@pytest.mark.parametrize(
    "key", [b"\xff\xfe", bytearray(b"key"), lazystr("key"), 5, ["a"], "\ud800"]
)
def test_a_key_of_any_type_is_taken_as_in_django(key: Any) -> None:
    both(lambda module: module.Signer(key=key).sign("value"))
    both(lambda module: module.Signer(key="k", fallback_keys=[key]).unsign("a:b"))


class Upper:
    """A serializer of one's own."""

    def dumps(self, obj: Any) -> bytes:
        return json.dumps(obj).upper().encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data.lower())


def test_a_serializer_of_ones_own_is_used() -> None:
    token = stock.dumps({"a": "b"}, serializer=Upper)
    assert ours.dumps({"a": "b"}, serializer=Upper) == token
    assert ours.loads(token, serializer=Upper) == {"a": "b"}
    assert ours.loads(token) == {"A": "B"}


@MODULES
def test_hooks_of_a_subclass_run(module: Any) -> None:
    class Mine(module.TimestampSigner):  # type: ignore[misc]
        def timestamp(self) -> str:
            return "1"

    class Marked(module.Signer):  # type: ignore[misc]
        def sign(self, value: str) -> str:
            return "mark." + str(super().sign(value))

        def unsign(self, signed_value: str) -> str:
            return str(super().unsign(signed_value.removeprefix("mark.")))

        def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
            return str(super().signature(value, key))[::-1]

    assert Mine().sign("a").startswith("a:1:")
    assert Mine().sign_object({}).startswith("e30:1:")
    assert Marked().unsign_object(Marked().sign_object([1])) == [1]
    assert Marked().sign_object([1]).startswith("mark.")
    assert Marked().unsign(Marked().sign("a")) == "a"


@MODULES
def test_attributes_may_be_set_later(module: Any) -> None:
    signer = module.Signer(salt="a")
    signer.salt, signer.key = "b", "another key"
    assert signer.sign("v") == stock.Signer(salt="b", key="another key").sign("v")


def test_unknown_options_are_refused_as_in_django() -> None:
    token = stock.Signer().sign_object({})
    assert "TypeError" in both(lambda module: module.Signer().unsign_object(token, max_age=5))
    assert "TypeError" in both(lambda module: module.TimestampSigner().unsign_object(token, age=5))


@pytest.mark.parametrize("fallbacks", ["an old secret", b"an old secret"])
def test_fallbacks_as_a_string_are_refused(fallbacks: Any) -> None:
    with pytest.raises(ConfigError, match="fallback_keys must be a list"):
        ours.Signer(fallback_keys=fallbacks)
    with (
        override_settings(SECRET_KEY_FALLBACKS=fallbacks),
        pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS must be a list"),
    ):
        ours.Signer()


def test_what_a_test_patches_in_djangos_module_is_patched_in_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stock, "b62_encode", lambda number: "patched")
    monkeypatch.setattr(stock, "of_a_newer_django", 1, raising=False)
    assert ours.b62_encode(1) == "patched"
    assert ours.of_a_newer_django == 1
    assert "of_a_newer_django" in dir(ours)
    with pytest.raises(AttributeError, match=r"shortcrust\.django\.signing.*no_such_name"):
        _ = ours.no_such_name


def test_a_django_that_is_too_old_is_named_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_installed, "version", lambda name: "3.2.25")
    with pytest.raises(ImportError, match=r"needs django 4\.2 or newer, and 3\.2\.25 is installed"):
        importlib.reload(installed_django)
