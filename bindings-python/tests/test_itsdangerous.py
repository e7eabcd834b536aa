"""What itsdangerous' documentation promises: the same calls on its classes and on ours."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timezone
from decimal import Decimal
from enum import IntEnum
from functools import partial
from importlib import import_module
from importlib.metadata import version
from io import BytesIO, StringIO
from types import FunctionType, ModuleType
from typing import Any

import itsdangerous as stock
import itsdangerous.signer
import pytest
import shortcrust.itsdangerous as ours
from conftest import SECRET, Clock
from freezegun import freeze_time
from hypothesis import example, given
from hypothesis import strategies as st
from shortcrust.itsdangerous._installed import ITSDANGEROUS

CLASSES = [
    "Serializer",
    "Signer",
    "TimedSerializer",
    "TimestampSigner",
    "URLSafeSerializer",
    "URLSafeTimedSerializer",
]
MODULES = ["encoding", "exc", "serializer", "signer", "timed", "url_safe"]
SERIALIZERS = [name for name in CLASSES if name.endswith("Serializer")]
DERIVATIONS = ["concat", "django-concat", "hmac", "none"]
DIGESTS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b"]


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returns, or all that its exception tells."""
    try:
        value = call()
    except Exception as error:  # noqa: BLE001 - whatever it is
        told = {name: told_of(value) for name, value in vars(error).items()}
        return type(error), str(error), told, type(error.__cause__)
    return type(value), value


def told_of(value: object) -> object:
    return (type(value), str(value)) if isinstance(value, Exception) else value


def assert_same(call: Callable[..., Any], *args: Any) -> Any:
    theirs, mine = outcome(lambda: call(stock, *args)), outcome(lambda: call(ours, *args))
    assert mine == theirs
    return mine


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


class Colour(IntEnum):
    RED = 1


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


CHANGES: list[Callable[[bytes], bytes]] = [
    lambda token: token,
    lambda token: b"x" + token,
    lambda token: token + b"=",
    lambda token: token + b"A",
    lambda token: token[:-1],
    lambda token: token[:-1] + b"%",
    lambda token: token + b"\xff",
    lambda token: token + b"\n",
    lambda token: token.rpartition(b".")[0],
    lambda token: token.rpartition(b".")[0] + b".",
    lambda token: token.replace(b".", b"", 1),
    lambda token: token.replace(b".", b"!", 1),
    lambda token: token.partition(b".")[0],
    lambda token: b"",
    lambda token: b".",
    lambda token: b"..",
    lambda token: b"value.____________.AGBfQ6G6cr07byTRt0zAdPljHOY",
    lambda token: b"value.TgPVoaGhoQ.AGBfQ6G6cr07byTRt0zAdPljHOY",
]


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


# Serializers

VALUES: list[Any] = [
    None,
    True,
    "text",
    'é\u2028\x7f\x00"\\/🍪',
    0,
    -1,
    2**64,
    10**4000,
    1.0,
    1e22,
    float("nan"),
    float("-inf"),
    [],
    (1, (2,)),
    {},
    {"id": 42},
    {"b": 1, "a": [None, {"c": "x" * 1000}]},
    {2: "two", None: 2, 1.5: 3, True: 4},
    {"lone": "\ud800"},
    {" t": [1]},
    Colour.RED,
    {"colour": Colour.RED},
    Decimal(1),
    b"bytes",
    {"set": {1}},
    {("a", "b"): 1},
    "x" * 300_000,
    "".join(chr(33 + n * n % 90) for n in range(300_000)),
    json.loads("[" * 400 + "]" * 400),
    type("Text", (str,), {})("subclass"),
    type("Table", (dict,), {"items": lambda self: [("odd", 1)]})(n=1),
]


def roundtrip(m: Any, name: str, value: Any, **options: Any) -> Any:
    serializer = getattr(m, name)(SECRET, **options)
    token = serializer.dumps(value)
    return token, repr(serializer.loads(token)), serializer.loads_unsafe(token)[0]


@pytest.mark.parametrize("name", SERIALIZERS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng compresses otherwise")
def test_serializers_dump_and_load_alike(name: str, value: Any, clock: Clock) -> None:
    assert_same(lambda m: roundtrip(m, name, value))


class Shouting:
    @staticmethod
    def dumps(value: Any) -> str:
        return json.dumps(value).upper()

    @staticmethod
    def loads(text: str) -> Any:
        return json.loads(text.lower())


@pytest.mark.parametrize("name", SERIALIZERS)
@pytest.mark.parametrize(
    "options",
    [
        {"serializer": pickle},
        {"serializer": json},
        {"serializer": Shouting},
        {"serializer": stock.URLSafeSerializer.default_serializer},
        {"serializer_kwargs": {"sort_keys": True}},
        {"serializer_kwargs": {"ensure_ascii": True}},
        {"serializer_kwargs": {"skipkeys": True}},
        {"signer_kwargs": {"key_derivation": "hmac", "digest_method": hashlib.sha512}},
        {"signer_kwargs": {"sep": "!"}},
        {"signer_kwargs": {"unknown": 1}},
        {"signer": stock.Signer},
        {"signer": stock.TimestampSigner},
        {"salt": None},
        {"salt": "other"},
    ],
    ids=str,
)
def test_options_of_serializers_are_taken_alike(
    name: str, options: dict[str, Any], clock: Clock
) -> None:
    for value in ({"b": [1, "é"], "a": None}, {"text": "x" * 500}):
        assert_same(lambda m, value: roundtrip(m, name, value, **options), value)


@pytest.mark.parametrize("name", SERIALIZERS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_document_is_refused_in_the_peers_words(
    name: str, change: Callable[[bytes], bytes], clock: Clock
) -> None:
    token = change(getattr(stock, name)(SECRET).dumps({"n": 1}).encode())
    for more in ({}, {"salt": "other"}):
        assert_same(lambda m, more: getattr(m, name)(SECRET).loads(token, **more), more)
        assert_same(lambda m, more: getattr(m, name)(SECRET).loads_unsafe(token, **more), more)


PAYLOADS = [
    b"", b".", b"..", b"e30", b"e30=", b"e31", b".e30", b"!", b"bnVsbA", b"bnVsbA==", b"eyJh",
    b"/w", b'{"a":1}', b'{"a":1,"a":2}', b"[1,]", b"NaN", b"01", b"\xef\xbb\xbf1", b" [1] ",
    b'"\x01"', b"\xff", stock.base64_encode(b"[1]") + b"\n",
    b"." + stock.base64_encode(zlib.compress(b"[1]")),
    b"." + stock.base64_encode(zlib.compress(b"[1]")[:-1]),
    b"." + stock.base64_encode(zlib.compress(b"[1]") + b"trailing"),
    b"." + stock.base64_encode(zlib.compress(b'"' + b"a" * 2**20 + b'"')),
    stock.base64_encode(b'{"a":' + b"1" * 5000 + b"}"),
    stock.base64_encode(b"[" * 250 + b"]" * 250),
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: repr(payload[:40]))
@pytest.mark.parametrize("name", SERIALIZERS)
def test_any_signed_payload_is_read_alike(name: str, payload: bytes, clock: Clock) -> None:
    def call(m: Any) -> Any:
        serializer = getattr(m, name)(SECRET)
        token = serializer.make_signer().sign(payload)
        loads = (serializer.loads, serializer.loads_unsafe)
        loaded = [outcome(partial(load, token)) for load in loads]
        return repr(loaded), repr(outcome(lambda: serializer.load_payload(payload)))

    assert_same(call)


def test_a_serializer_may_be_given_for_one_payload() -> None:
    def call(m: Any, name: str) -> Any:
        serializer = getattr(m, name)(SECRET)
        return outcome(lambda: serializer.load_payload(b"[1]", pickle)), serializer.load_payload(
            b"e30" if name.startswith("URL") else b"{}", serializer=json
        )

    for name in SERIALIZERS:
        assert_same(call, name)


def test_files_are_written_and_read_alike(clock: Clock) -> None:
    def call(m: Any, name: str) -> Any:
        file = StringIO()
        serializer = getattr(m, name)(SECRET)
        serializer.dump({"n": 1}, file)
        file.seek(0)
        loaded = serializer.load(file)
        file.seek(0)
        return file.getvalue(), loaded, serializer.load_unsafe(file)

    for name in SERIALIZERS:
        assert_same(call, name)
    file = BytesIO()
    ours.Serializer(SECRET, serializer=pickle).dump([1], file)
    assert file.getvalue() == stock.Serializer(SECRET, serializer=pickle).dumps([1])


def test_fallback_signers_are_tried(clock: Clock) -> None:
    def call(m: Any, name: str) -> Any:
        kind = getattr(m, name)
        old = kind(SECRET, signer_kwargs={"digest_method": hashlib.sha512}).dumps([1])
        new = kind(
            [SECRET, "newer"],
            fallback_signers=[
                {"key_derivation": "concat"},
                (kind.default_signer, {"digest_method": hashlib.sha512}),
                kind.default_signer,
            ],
        )
        signers = [type(signer).__name__ for signer in new.iter_unsigners()]
        return new.loads(old), signers, outcome(lambda: new.loads(old + "x"))

    for name in SERIALIZERS:
        assert_same(call, name)


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


# What is native


@pytest.fixture
def peer_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks the peer to sign, to encode or to compress now fails."""

    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError

    for module, name in ((hmac, "new"), (zlib, "compress"), (zlib, "decompress"), (json, "loads")):
        monkeypatch.setattr(module, name, fail)


@pytest.mark.usefixtures("peer_is_out")
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("derivation", DERIVATIONS)
@pytest.mark.parametrize("name", SERIALIZERS)
def test_known_configuration_is_served_natively(name: str, derivation: str, digest: str) -> None:
    options = {"key_derivation": derivation, "digest_method": getattr(hashlib, digest)}
    serializer = getattr(ours, name)(SECRET, signer_kwargs=options)
    data = {"user": "ada", "text": "x" * 500}
    assert serializer.loads(serializer.dumps(data)) == data
    assert getattr(ours, name)(SECRET).loads(getattr(ours, name)(SECRET).dumps(data)) == data


# Random changes

TOKEN = stock.URLSafeTimedSerializer(SECRET).dumps({"user": "ada", "text": "x" * 200})


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    token = bytearray(TOKEN.encode())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(token) - 1))
        token[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(token)


@given(mutations())
@example(TOKEN.encode())
def test_whatever_is_done_to_a_token_both_say_the_same(token: bytes) -> None:
    def call(m: ModuleType) -> Any:
        return m.URLSafeTimedSerializer(SECRET).loads(token)

    assert_same(call)
    assert_same(lambda m: m.URLSafeTimedSerializer(SECRET).loads_unsafe(token))


@given(st.binary(max_size=60))
def test_whatever_is_signed_both_read_the_same(payload: bytes) -> None:
    for name in ("URLSafeSerializer", "Serializer"):
        token = stock.Signer(SECRET, salt=b"itsdangerous").sign(payload)
        assert_same(lambda m, name, token: getattr(m, name)(SECRET).loads(token), name, token)
