"""itsdangerous' signers and serializers against ours."""

from __future__ import annotations

from collections.abc import Iterator

import itsdangerous as peer
from pairs import SECRET, Row, main, row
from payloads import PLAIN
from shortcrust import itsdangerous as ours


def rows(payload: str) -> Iterator[Row]:
    data = PLAIN[payload]
    signers = [ours.TimestampSigner(SECRET), peer.TimestampSigner(SECRET)]
    serializers = [ours.URLSafeTimedSerializer(SECRET), peer.URLSafeTimedSerializer(SECRET)]
    value = str(data).encode()
    signed, dumped = signers[1].sign(value), serializers[1].dumps(data)
    assert all(it.unsign(signers[0].sign(value), max_age=60) == value for it in signers)
    assert all(it.loads(serializers[0].dumps(data), max_age=60) == data for it in serializers)
    yield row(
        "itsdangerous: TimestampSigner.sign",
        6,
        9,
        ours=lambda: signers[0].sign(value),
        peer=lambda: signers[1].sign(value),
    )
    yield row(
        "itsdangerous: TimestampSigner.unsign",
        8,
        11,
        ours=lambda: signers[0].unsign(signed, 86_400),
        peer=lambda: signers[1].unsign(signed, 86_400),
    )
    yield row(
        "itsdangerous: URLSafeTimedSerializer.dumps",
        4,
        8,
        ours=lambda: serializers[0].dumps(data),
        peer=lambda: serializers[1].dumps(data),
    )
    yield row(
        "itsdangerous: URLSafeTimedSerializer.loads",
        5,
        9,
        ours=lambda: serializers[0].loads(dumped, 86_400),
        peer=lambda: serializers[1].loads(dumped, 86_400),
    )


if __name__ == "__main__":
    main(rows)
