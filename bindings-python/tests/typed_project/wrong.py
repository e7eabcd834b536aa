"""Each marked line is an error."""

from __future__ import annotations

import shortcrust
from flask import Flask, request, session
from shortcrust.flask import SessionInterface, Shortcrust, ShortcrustInterface
from shortcrust.itsdangerous import URLSafeSerializer
from shortcrust.starlette import SessionMiddleware
from shortcrust.stores import AsyncStore, MemoryStore, RedisStore, Store
from starlette.applications import Starlette

app = Flask(__name__)
SessionInterface(True)  # wrong
SessionInterface(peer_exact="yes")  # wrong
Shortcrust("app")  # wrong
ShortcrustInterface().regenerate(session, "rename")  # wrong
why: str = shortcrust.reason(request)  # wrong
shortcrust.reason(app)  # wrong
shortcrust.ConfigError("text").code = 1  # wrong
asgi = Starlette()
asgi.add_middleware(SessionMiddleware, secret="key")  # wrong
asgi.add_middleware(SessionMiddleware, secret_key=b"key")  # wrong
asgi.add_middleware(SessionMiddleware, secret_key="key", same_site="Lax")  # wrong
raw: bytes = URLSafeSerializer("key").dumps([1])  # wrong
asgi.add_middleware(SessionMiddleware, secret_key="key", store=MemoryStore())  # wrong
asgi.add_middleware(SessionMiddleware, secret_key="key", outage="ignore")  # wrong
store: Store = RedisStore("redis://")  # wrong
async_store: AsyncStore = MemoryStore()  # wrong
