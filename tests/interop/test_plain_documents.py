"""Random documents through stock itsdangerous, stock Starlette and ours, in both directions."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import zlib
from collections.abc import Callable
from typing import Any

import itsdangerous
import pytest
import shortcrust.itsdangerous
from documents import SEED, PlainDocuments, same, without_tuples
from shortcrust.starlette import SessionMiddleware
from starlette.middleware.sessions import SessionMiddleware as Stock
from starlette.types import Message, Receive, Scope, Send

COUNT = 10_000 if os.environ.get("LONG") else 1_000
SECRET = "a secret for the tests only, of thirty-two bytes or more"
IS_ZLIB = "ng" not in zlib.ZLIB_RUNTIME_VERSION
DERIVATIONS = ["concat", "django-concat", "hmac", "none"]
DIGESTS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b"]
CLASSES = ["URLSafeTimedSerializer", "URLSafeSerializer", "TimedSerializer", "Serializer"]
NOW = 1_800_000_000.25


@pytest.fixture(autouse=True)
def _stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)


def check_coverage(documents: PlainDocuments) -> None:
    print(f"\nseed {SEED}, {COUNT} documents")
    for name in documents.expected:
        print(f"{documents.seen[name]:8} {name}")
    assert all(documents.seen[name] for name in documents.expected)


def test_each_derivation_and_digest_of_itsdangerous_opens_the_others_tokens() -> None:
    kinds = itertools.cycle(itertools.product(DERIVATIONS, DIGESTS, CLASSES))
    # The URL-safe serializers do not escape, so that a lone surrogate is an error of theirs.
    documents = PlainDocuments(COUNT, surrogates=False)
    for document, (derivation, digest, name) in zip(documents, kinds, strict=False):
        options = {"key_derivation": derivation, "digest_method": getattr(hashlib, digest)}
        stock, ours = (
            getattr(module, name)([b"old", SECRET], salt=derivation, signer_kwargs=options)
            for module in (itsdangerous, shortcrust.itsdangerous)
        )
        theirs, mine = stock.dumps(document), ours.dumps(document)
        assert mine == theirs or not IS_ZLIB
        wanted = without_tuples(document)
        assert same(stock.loads(mine), wanted)
        assert same(ours.loads(theirs), wanted)
    assert len(DERIVATIONS) * len(DIGESTS) * len(CLASSES) < COUNT
    check_coverage(documents)


def visit(
    middleware: Callable[..., Any], cookie: str | None, handler: Callable[[Any], None]
) -> list[str]:
    """The cookies that one request sets."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        handler(scope["session"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def keep(message: Message) -> None:
        sent.append(message)

    headers = [] if cookie is None else [(b"cookie", cookie.encode())]
    scope = {"type": "http", "headers": headers, "scheme": "http"}
    asyncio.run(middleware(app, SECRET)(scope, None, keep))
    pairs = [pair for message in sent for pair in message["headers"]]
    return [value.decode() for key, value in pairs if key == b"set-cookie"]


def written(middleware: Callable[..., Any], document: dict[str, Any]) -> str:
    (cookie,) = visit(middleware, None, lambda session: session.update(document))
    return cookie


def read(middleware: Callable[..., Any], cookie: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    assert visit(middleware, cookie, lambda session: found.append(dict(session))) == []
    return found[0]


def test_starlette_and_ours_open_each_others_cookies() -> None:
    documents = PlainDocuments(COUNT)
    for document in documents:
        if not document:
            continue
        theirs, mine = written(Stock, document), written(SessionMiddleware, document)
        assert mine == theirs
        cookie = theirs.partition(";")[0]
        wanted = without_tuples(document)
        assert same(read(Stock, cookie), wanted)
        assert same(read(SessionMiddleware, cookie), wanted)
    check_coverage(documents)
