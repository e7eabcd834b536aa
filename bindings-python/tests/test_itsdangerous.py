"""What itsdangerous' documentation promises: the same calls on its classes and on ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timezone
from importlib import import_module
from importlib.metadata import version
from types import FunctionType, ModuleType
from typing import Any

import itsdangerous as stock
import itsdangerous.signer
import pytest
import shortcrust.itsdangerous as ours
from conftest import SECRET, Clock
from freezegun import freeze_time
from itsdangerous_pair import CHANGES, CLASSES, MODULES, SERIALIZERS, assert_same, outcome
from shortcrust.itsdangerous._installed import ITSDANGEROUS


@pytest.mark.parametrize("name", CLASSES)
def test_the_classes_are_subclasses_of_the_peers(name: str) -> None:
    assert issubclass(getattr(ours, name), getattr(stock, name))
    assert getattr(ours, name) is not getattr(stock, name)


def test_our_classes_are_related_as_the_peers_are() -> None:
    for one in CLASSES:
        for other in CLASSES:
            theirs = issubclass(getattr(stock, one), getattr(stock, other))
            assert issubclass(getattr(ours, one), getattr(ours, other)) is theirs


@pytest.mark.filterwarnings("ignore:Importing 'itsdangerous.json' is deprecated")
def test_all_that_the_peer_exports_is_there_and_the_exceptions_are_its_own() -> None:
    public = {
        name for name, value in vars(stock).items() if isinstance(value, (type, FunctionType))
    }
    for name in public - {*CLASSES, "__getattr__"}:
        assert getattr(ours, name) is getattr(stock, name)
    assert ours.SigningAlgorithm is itsdangerous.signer.SigningAlgorithm


@pytest.mark.parametrize("module", MODULES)
def test_the_modules_of_the_peer_are_there_with_their_public_names(module: str) -> None:
    theirs = import_module(f"itsdangerous.{module}")
    mine = import_module(f"shortcrust.itsdangerous.{module}")
    public = {
        name
        for name, value in vars(theirs).items()
        if getattr(value, "__module__", "") == theirs.__name__ and not name.startswith("_")
    }
    for name in public:
        value = getattr(mine, name)
        if name in (*CLASSES, "URLSafeSerializerMixin"):
            assert issubclass(value, getattr(theirs, name))
            assert value.__module__.startswith("shortcrust.itsdangerous")
        else:
            assert value is getattr(theirs, name)


def test_a_serializer_made_with_the_mixin_is_the_peers(clock: Clock) -> None:
    def call(m: ModuleType) -> Any:
        mixin = import_module(f"{m.__name__}.url_safe").URLSafeSerializerMixin
        kind = type("Mine", (mixin, m.TimedSerializer), {})
        token = kind(SECRET).dumps({"text": "x" * 200})
        return token, kind(SECRET).loads(token)

    assert_same(call)


def test_names_of_one_version_of_the_peer_are_the_peers() -> None:
    warns = pytest.warns(DeprecationWarning, match="'__version__' attribute is deprecated")
    with warns if ITSDANGEROUS >= (2, 2) else nullcontext():
        assert ours.__version__ == version("itsdangerous")
    with pytest.raises(AttributeError):
        _ = ours.no_such_name


class Reversed(itsdangerous.signer.SigningAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return (key + value)[::-1]


def tampered(m: Any, name: str, change: Callable[[bytes], bytes]) -> Any:
    signer = getattr(m, name)(SECRET)
    return signer.unsign(change(signer.sign("value")))


OPTIONS: list[dict[str, Any]] = [
    {},
    {"salt": "other"},
    {"salt": b"\xff"},
    {"salt": None},
    {"sep": ":"},
    {"sep": b"<|>"},
    {"sep": "-"},
    {"sep": ""},
    {"sep": "é"},
    {"key_derivation": "hmac"},
    {"key_derivation": "rot13"},
    {"digest_method": hashlib.sha256},
    {"digest_method": hashlib.md5},
    {"digest_method": lambda text=b"": hashlib.sha1(text)},
    {"digest_method": hashlib.sha512, "algorithm": stock.HMACAlgorithm(hashlib.sha1)},
    {"algorithm": stock.HMACAlgorithm()},
    {"algorithm": stock.HMACAlgorithm(hashlib.sha384)},
    {"algorithm": stock.NoneAlgorithm()},
    {"algorithm": Reversed()},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["Signer", "TimestampSigner"])
@pytest.mark.parametrize("value", ["", "é日🍪", b"\x00\xff", "a.b:c<|>d", bytearray(b"x"), 1])
def test_signers_sign_and_unsign_alike(
    name: str, options: dict[str, Any], value: Any, clock: Clock
) -> None:
    token = assert_same(lambda m: getattr(m, name)(SECRET, **options).sign(value))[1]
    for given_as in (lambda: token, lambda: token.decode(), lambda: bytearray(token)):
        assert_same(lambda m, as_: getattr(m, name)(SECRET, **options).unsign(as_()), given_as)
        assert_same(lambda m, as_: getattr(m, name)(SECRET, **options).validate(as_()), given_as)


SECRETS: list[Any] = [
    "",
    b"",
    "é",
    b"\xff",
    [],
    [""],
    ["old", "new"],
    ("old", b"new"),
    [f"key {n}" for n in range(20)],
    iter(["once"]),
    None,
    5,
]


@pytest.mark.parametrize("secret", SECRETS, ids=repr)
@pytest.mark.parametrize("name", ["Signer", "TimestampSigner", "URLSafeTimedSerializer"])
def test_secrets_are_taken_alike(name: str, secret: Any, clock: Clock) -> None:
    secret = list(secret) if hasattr(secret, "__next__") else secret
    method, value = ("dumps", [1]) if name.endswith("Serializer") else ("sign", "value")
    back = "loads" if name.endswith("Serializer") else "unsign"

    def made(m: Any) -> Any:
        return getattr(m, name)(secret)

    kind, token, *_ = assert_same(lambda m: getattr(made(m), method)(value))
    if kind in (str, bytes):
        assert_same(lambda m: getattr(made(m), back)(token))


def test_each_key_of_a_list_opens_and_the_last_signs(clock: Clock) -> None:
    for at, key in enumerate(["a", "b", "c"]):
        for name in ("Signer", "TimestampSigner"):
            token = getattr(stock, name)(key).sign("value")
            assert getattr(ours, name)(["a", "b", "c"]).unsign(token) == b"value"
            assert (getattr(ours, name)(["a", "b", "c"]).sign("value") == token) is (at == 2)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["Signer", "TimestampSigner"])
def test_a_changed_token_is_refused_in_the_peers_words(
    name: str, change: Callable[[bytes], bytes], clock: Clock
) -> None:
    assert_same(lambda m: tampered(m, name, change))


@pytest.mark.parametrize(
    "payload",
    [b"value", b"value.", b"value.!", b"value.____________", b"value.AQ==", b".", b"\xff"],
)
def test_a_timestamp_that_is_none_is_refused_in_the_peers_words(payload: bytes) -> None:
    token = stock.Signer(SECRET).sign(payload)
    for options in ({}, {"max_age": 10}, {"return_timestamp": True}):
        assert_same(lambda m, more: m.TimestampSigner(SECRET).unsign(token, **more), options)


@pytest.mark.parametrize("max_age", [None, 0, 10, 10.5, -1, True, "10", 10**30])
@pytest.mark.parametrize("later", [-1, 0, 0.9, 10, 10.9, 11, 10**9])
def test_ages_are_judged_alike(max_age: Any, later: float, clock: Clock) -> None:
    signed = stock.TimestampSigner(SECRET).sign("value")
    dumped = stock.URLSafeTimedSerializer(SECRET).dumps({"n": 1})
    clock.advance(seconds=later)
    for stamped in (False, True):
        more = {"max_age": max_age, "return_timestamp": stamped}
        assert_same(lambda m, more: m.TimestampSigner(SECRET).unsign(signed, **more), more)
        assert_same(lambda m, more: m.URLSafeTimedSerializer(SECRET).loads(dumped, **more), more)
    assert_same(lambda m: m.TimestampSigner(SECRET).validate(signed, max_age))
    assert_same(lambda m: m.URLSafeTimedSerializer(SECRET).loads_unsafe(dumped, max_age))


@pytest.mark.parametrize("seconds", [0, 1, 255, 256, 2**32, 2**63, 2**64 - 1, 2**64, -1, 1.5, "1"])
def test_any_timestamp_is_written_and_read_alike(seconds: Any) -> None:
    def call(m: Any) -> Any:
        class Late(m.TimestampSigner):  # type: ignore[misc]
            def get_timestamp(self) -> int:
                return seconds  # type: ignore[no-any-return]

        signer = Late(SECRET)
        token = signer.sign("value")
        return token, signer.unsign(token), outcome(lambda: signer.unsign(token, 5, True))

    assert_same(call)


def test_freezegun_is_obeyed() -> None:
    with freeze_time("2011-06-24 00:09:05"):
        token = ours.TimestampSigner(SECRET).sign("value")
        assert token == stock.TimestampSigner(SECRET).sign("value")
    with freeze_time("2011-06-24 00:09:16"):
        with pytest.raises(ours.SignatureExpired) as caught:
            ours.TimestampSigner(SECRET).unsign(token, max_age=10)
        assert caught.value.date_signed == datetime(2011, 6, 24, 0, 9, 5, tzinfo=timezone.utc)
        assert caught.value.payload == b"value"


# Hooks


def hooked(m: Any, base: str, **methods: Any) -> Any:
    return type("Hooked", (getattr(m, base),), methods)


@pytest.mark.parametrize(
    "methods",
    [
        {"derive_key": lambda self, secret_key=None: b"my own key"},
        {"get_signature": lambda self, value: b"c2ln"},
        {"verify_signature": lambda self, value, sig: True},
        {"default_digest_method": staticmethod(hashlib.sha256)},
        {"default_key_derivation": "none"},
        {"get_timestamp": lambda self: 5},
        {"timestamp_to_datetime": lambda self, ts: ts},
        {"secret_key": property(lambda self: b"another")},
    ],
    ids=lambda methods: next(iter(methods)),
)
@pytest.mark.parametrize("base", ["Signer", "TimestampSigner"])
def test_overridden_hooks_are_called(base: str, methods: dict[str, Any], clock: Clock) -> None:
    def call(m: Any) -> Any:
        signer = hooked(m, base, **methods)(SECRET)
        token = signer.sign("value")
        forged = b"forged" + token
        more = {"return_timestamp": True} if base == "TimestampSigner" else {}
        opened = outcome(lambda: signer.unsign(token, **more))
        return token, opened, outcome(lambda: signer.unsign(forged))

    assert_same(call)


def test_hooks_of_serializers_are_called(clock: Clock) -> None:
    def call(m: Any, name: str) -> Any:
        kind = getattr(m, name)
        shouting = hooked(
            m,
            name,
            dump_payload=lambda self, obj: kind.dump_payload(self, str(obj).upper()),
            load_payload=lambda self, payload: [kind.load_payload(self, payload)],
            make_signer=lambda self, salt=None: kind.make_signer(self, "salted"),
        )(SECRET)
        return shouting.loads(shouting.dumps("value"))

    for name in SERIALIZERS:
        assert_same(call, name)


def test_attributes_may_be_set_later(clock: Clock) -> None:
    def call(m: Any, name: str, attribute: str, value: Any) -> Any:
        signer = getattr(m, name)(SECRET)
        setattr(signer, attribute, value)
        return signer.unsign(signer.sign("value"))

    later: list[tuple[str, Any]] = [
        ("salt", b"later"),
        ("salt", "later"),
        ("salt", bytearray(b"later")),
        ("sep", b"!"),
        ("sep", "!"),
        ("sep", b""),
        ("key_derivation", "concat"),
        ("key_derivation", "rot13"),
        ("key_derivation", 1),
        ("digest_method", hashlib.sha256),
        ("digest_method", hashlib.md5),
        ("algorithm", stock.NoneAlgorithm()),
        ("secret_keys", [b"later"]),
        ("secret_keys", ["later"]),
        ("secret_keys", (b"later",)),
        ("secret_keys", []),
    ]
    for name in ("Signer", "TimestampSigner"):
        for attribute, value in later:
            assert_same(call, name, attribute, value)
