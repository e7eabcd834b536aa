"""The serializers of itsdangerous: the same calls on its classes and on ours."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import zlib
from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from functools import partial
from io import BytesIO, StringIO
from types import ModuleType
from typing import Any

import itsdangerous as stock
import itsdangerous.signer
import pytest
import shortcrust.itsdangerous as ours
from conftest import SECRET, Clock
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous_pair import CHANGES, DERIVATIONS, SERIALIZERS, assert_same, outcome


class Colour(IntEnum):
    RED = 1


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
