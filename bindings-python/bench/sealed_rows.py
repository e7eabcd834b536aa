"""What is encrypted: the format ``sealed`` against Fernet over JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cryptography.fernet import Fernet
from pairs import SECRET, Row, main, row
from payloads import PLAIN
from shortcrust import ambient
from shortcrust._core import Engine

DAY = 86_400
ENGINE = Engine(
    {
        "name": "session",
        "secrets": [SECRET],
        "format": {"format": "sealed"},
        "policy": {
            "idle": DAY,
            "absolute": 14 * DAY,
            "renew_after": DAY // 2,
            "skew": 60,
            "persistent": False,
        },
        "duplicates": "newest",
    }
)


def rows(payload: str) -> Iterator[Row]:
    data, fernet = PLAIN[payload], Fernet(Fernet.generate_key())

    def seal() -> str:
        now, entropy = ambient.now_ms(), ambient.entropy
        token = ENGINE.seal(None, data, True, True, now, entropy, json.dumps, False, False)
        assert token is not None
        return token

    def encrypt() -> str:
        text = json.dumps(data, separators=(",", ":"))
        return fernet.encrypt(text.encode()).decode()

    header, token = f"session={seal()}", encrypt()

    def unseal() -> object:
        return ENGINE.open(header, ambient.now_ms())[1]

    def decrypt() -> object:
        return json.loads(fernet.decrypt(token, ttl=DAY))

    assert unseal() == decrypt() == data
    yield row("sealed against Fernet: save", 2, 7, ours=seal, peer=encrypt)
    yield row("sealed against Fernet: open", 2, 4, ours=unseal, peer=decrypt)


if __name__ == "__main__":
    main(rows)
