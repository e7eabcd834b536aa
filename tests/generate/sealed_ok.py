"""Sealed cookies that open."""

from __future__ import annotations

import json
from typing import Any

from pyseto.utils import base64url_encode
from sealed_peer import (
    JTI,
    NONCE,
    NOW,
    SECRET,
    Peer,
    add_case,
    claims,
    opened,
    suite,
)
from suite import Key, Suite, flipped, random_bytes, repeated

HOUR = {"idle_s": 3600}
DAY = 86_400
OLD, OLDER = "golden vectors: last year's secret", "golden vectors: the one before it"
BYTES = random_bytes("key", 32)

PAYLOADS: list[tuple[str, str, str]] = [
    ("empty", "an empty session", "{}"),
    ("user", "a small session", '{"user":42,"cart":["a","b"]}'),
    ("tags", "rich types", '{"t":{" t":[1,{" u":"1234567890abcdef1234567890abcdef"}]}}'),
    ("bytes", "bytes and markup", '{"b":{" b":"AP8="},"m":{" m":"<b>x</b>"}}'),
    ("date", "a date", '{"d":{" d":"Thu, 04 Mar 2021 05:06:07 GMT"}}'),
    ("escaped-key", "the session itself has only a tag key", '{" di":{" t__":5}}'),
    ("numbers", "numbers", '{"n":[1.0,-0.0,1e+22,9007199254740993,' + "1" + "0" * 40 + "]}"),
    ("unicode", "text beyond ASCII", '{"naïve":"日本 🍪 \u2028"}'),
    ("escapes", "escapes", '{"s":"\\u00e9\\n\\"\\\\\\/\\u0000\\ud83c\\udf6a"}'),
    ("surrogate", "a lone surrogate", '{"s":"\\ud800"}'),
    ("claim-names", "keys named as our claims", '{"iat":1,"exp":2,"d":{"d":3},"c":4,"sub":5}'),
    ("key-order", "keys in no order", '{"b":1,"a":{"d":2,"c":3},"10":1,"9":2}'),
    ("empty-containers", "empty containers", '{"":{},"l":[],"s":""}'),
    ("depth-150", "150 levels", '{"a":' + "[" * 149 + "]" * 149 + "}"),
    ("large", "as much as a browser keeps", '{"x":"' + random_bytes("x", 1400).hex() + '"}'),
]
TIMES: list[tuple[str, str, int]] = [
    ("epoch", "the first second", 0),
    ("leap-day", "the last second of a leap day", 1_835_481_599),
    ("new-year", "the last second of a year", 1_798_761_599),
    ("2100", "the day after 28 February 2100", 4_107_542_400),
    ("32-bits", "beyond 32 bits", 2**32 + 1),
]
POLICIES: list[tuple[str, str, dict[str, int], int | None]] = [
    ("idle", "an idle limit gives exp", HOUR, 3600),
    ("absolute", "an absolute limit gives exp", {"absolute_s": 7200}, 7200),
    ("idle-first", "the idle limit is the nearer", {**HOUR, "absolute_s": 7200}, 3600),
    ("absolute-first", "the absolute limit is the nearer", {**HOUR, "absolute_s": 60}, 60),
    ("skew", "skew is not written", {**HOUR, "skew_s": 60}, 3600),
    ("skew-only", "skew alone gives no exp", {"skew_s": 60}, None),
    (
        "defaults",
        "14 and 90 days",
        {"idle_s": 14 * DAY, "absolute_s": 90 * DAY, "skew_s": 60},
        14 * DAY,
    ),
]
NAMES: list[tuple[str, str, str]] = [
    ("other", "another cookie name", "sid"),
    ("host", "the prefix __Host-", "__Host-session"),
    ("secure", "the prefix __Secure-", "__Secure-session"),
    ("http", "the prefix __Http-", "__Http-session"),
    ("host-http", "the prefix __Host-Http-", "__Host-Http-session"),
    ("prefix-case", "a prefix in other letters", "__hOsT-session"),
    ("only-dashes", "a name that only looks prefixed", "__Guest-session"),
]


def build() -> Suite:
    s = suite("sealed")
    for slug, comment, text in PAYLOADS:
        sealed(s, f"payload-{slug}", comment, text)
    for slug, comment, at in TIMES:
        sealed(s, f"time-{slug}", comment, at=at)
    for slug, comment, policy, exp in POLICIES:
        sealed(s, f"policy-{slug}", comment, exp=exp, policy=policy)
    for slug, comment, name in NAMES:
        sealed(s, f"name-{slug}", comment, name=name)
    sealed(s, "audience", "an audience", options={"audience": "https://example.com"})
    sealed(s, "audience-unicode", "an audience beyond ASCII", options={"audience": "prüfung 🍪"})
    sealed(s, "key-bytes", "a key of bytes", keys=[BYTES])
    sealed(s, "key-32", "the shortest key", keys=["k" * 32])
    sealed(s, "key-long", "a key longer than the hash's block", keys=["k" * 100])
    sealed(s, "key-unicode", "a key beyond ASCII", keys=["pop\u00df\u2603🔑" * 4])
    sealed(s, "rotation-signs", "the first of three keys seals", keys=[SECRET, OLD, OLDER])
    sealed(
        s,
        "rng",
        "other random bytes",
        jti=random_bytes("jti 2", 16),
        nonce=random_bytes("nonce 2", 32),
    )
    sealed(s, "rng-zero", "random bytes that are all zero", jti=bytes(16), nonce=bytes(32))
    sealed(s, "rng-ones", "random bytes that are all ones", jti=b"\xff" * 16, nonce=b"\xff" * 32)
    rotation(s)
    foreign(s)
    expiry(s)
    headers(s)
    return s


def sealed(
    s: Suite,
    slug: str,
    comment: str,
    text: str = '{"user":42}',
    *,
    at: int = NOW,
    exp: int | None = None,
    jti: bytes = JTI,
    nonce: bytes = NONCE,
    name: str = "session",
    keys: list[Key] | None = None,
    **more: Any,
) -> None:
    """Sealed now, so the same bytes are asked of the writer."""
    audience = more.get("options", {}).get("audience", "")
    peer = Peer(keys[0] if keys else SECRET, name, audience)
    expires = None if exp is None else at + exp
    id_ = base64url_encode(jti).decode()
    token = peer.seal(claims(text, iat=at, exp=expires, jti=id_), nonce)
    ok(
        s,
        slug,
        comment,
        text,
        name=name,
        keys=keys,
        now_ms=at * 1000 + 678,
        cookies=[(name, token)],
        entropy=(jti + nonce).hex(),
        **more,
    )


def ok(s: Suite, slug: str, comment: str, payload: str, *values: Any, **more: Any) -> None:
    if "header" not in more and "cookies" not in more:
        more["cookies"] = [("session", v) for v in values]
    case, peers = add_case(s, slug, comment, "ok", payload=payload, **more)
    text = opened(case, peers)[0].decode()
    assert json.loads(text)["d"] == json.loads(payload), case["id"]
    assert payload in text, case["id"]


def rotation(s: Suite) -> None:
    text = '{"who":"me"}'
    sealed_by = {key: Peer(key).seal(claims(text)) for key in (SECRET, OLD, OLDER, BYTES)}
    two: list[Key] = [SECRET, OLD]
    three: list[Key] = [SECRET, OLD, OLDER]
    ok(s, "rotation-2-new", "the first of two keys", text, sealed_by[SECRET], keys=two)
    ok(s, "rotation-2-old", "the second of two keys", text, sealed_by[OLD], keys=two)
    ok(s, "rotation-3-old", "the second of three keys", text, sealed_by[OLD], keys=three)
    ok(s, "rotation-3-older", "the third of three keys", text, sealed_by[OLDER], keys=three)
    mixed: list[Key] = [SECRET, BYTES]
    ok(s, "rotation-bytes", "an old key of bytes", text, sealed_by[BYTES], keys=mixed)


def foreign(s: Suite) -> None:
    """What another PASETO library, or a version of ours to come, may write."""
    day = "2026-01-02T03:04"
    peer = Peer(SECRET)
    policy = {"idle_s": 3600, "absolute_s": 7200}

    def read(slug: str, comment: str, text: str, payload: str = "{}", **more: Any) -> None:
        ok(s, f"foreign-{slug}", comment, payload, peer.seal(text), **more)

    data = {"iat": f"{day}:05+00:00", "d": {"user": 42, "l": [1, 2]}}
    written = peer.seal(data)
    comment = "claims that pyseto wrote from a dict"
    ok(s, "foreign-dict", comment, '{"user": 42, "l": [1, 2]}', written, policy=policy)
    read("offset", "an offset of +00:00", claims().replace("05Z", "05+00:00"))
    read("fraction-3", "milliseconds", claims().replace("05Z", "04.500Z"), policy=policy)
    read("fraction-6", "microseconds and an offset", claims().replace("05Z", "04.123456+00:00"))
    read("fraction-9", "nanoseconds", claims().replace("05Z", "04.999999999Z"))
    read("fraction-1", "one digit", claims().replace("05Z", "04.5Z"))
    exp = f'"exp":"{day}:06.000+00:00"'
    read("exp", "an exp with a fraction", claims().replace('"jti"', f'{exp},"jti"'), policy=HOUR)
    read("no-c", "without c the session began at iat", claims(c=None), policy=policy)
    read("no-jti", "without an id", claims(jti=None))
    read("least", "the least there can be", f'{{"iat":"{day}:05Z","d":{{}}}}', policy=policy)
    read("sub", "with a user", claims(sub="user-42"), policy=policy)
    read("sub-unicode", "with a user beyond ASCII", claims(sub="ключ 🍪"))
    read("order", "claims in another order", f'{{"d":{{}},"c":{NOW},"iat":"{day}:05Z"}}')
    read("spaces", "spaces between the claims", f' {{ "iat" : "{day}:05Z" ,\n "d" : {{}} }} ')
    read("extra", "claims that we do not know", claims(iss="elsewhere", kids=[1, {"a": None}]))


def expiry(s: Suite) -> None:
    ms = NOW * 1000
    both = {"idle_s": 3600, "absolute_s": 7200}

    def aged(slug: str, comment: str, text: str, policy: dict[str, int], now_ms: int = ms) -> None:
        ok(s, slug, comment, "{}", Peer(SECRET).seal(text), policy=policy, now_ms=now_ms)

    aged("idle-limit", "exactly as idle as allowed", claims(), HOUR, ms + 3_600_000)
    aged("idle-fraction", "parts of a second do not count", claims(), HOUR, ms + 3_600_999)
    aged("absolute-limit", "exactly as old as allowed", claims(c=NOW - 7200), both)
    aged("absolute-fraction", "nor here", claims(c=NOW - 7200), both, ms + 999)
    aged("exp-limit", "exactly at exp", claims(exp=NOW + 60), {"skew_s": 0}, ms + 60_000)
    skewed = {"skew_s": 60}
    aged("exp-skew", "as far behind exp as the skew", claims(exp=NOW + 60), skewed, ms + 120_000)
    aged("future-skew", "as far ahead as the skew", claims(iat=NOW + 60), {**both, **skewed})
    aged("renewed", "renewed long after it began", claims(c=NOW - 7000, exp=NOW + 200), both)


def headers(s: Suite) -> None:
    text = '{"a":1}'
    good = Peer(SECRET).seal(claims(text))
    second = Peer(SECRET).seal(claims('{"a":2}'))
    bad = [flipped(good, n) for n in (9, 20, 30)]
    unknown = Peer("a key that this server has never seen").seal(claims(text))
    ok(s, "duplicates-second", "the second of two opens", text, bad[0], good)
    ok(s, "duplicates-first", "the first that opens is taken", text, good, second)
    ok(s, "duplicates-fourth", "the fourth of four opens", text, *bad, good)
    ok(s, "duplicates-unknown", "a value of an unknown key comes first", text, unknown, good)
    large = repeated("v4.local.", "A", 20_000)
    ok(s, "duplicates-large", "one too large is passed over", text, large, good)
    header = f'a="b; session2=x;; Session=y; session={good}; c'
    ok(s, "neighbours", "strange neighbours", text, header=header)
    moved = [("__Host-session", good)]
    comment = "moved to the prefixed name"
    ok(s, "name-moved", comment, text, name="__Host-session", cookies=moved)
