"""Flask cookies that open."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_peer import NOW, SECRET, Peer, add_case, body, opened, packed, suite
from markupsafe import Markup
from suite import Cookies, Key, Suite, random_bytes, repeated

DAY = 86_400
OLD, OLDER = "golden vectors: last year's secret", "golden vectors: the one before"
HOUR = {"idle_s": 3600}

AN_UUID = UUID("12345678-90ab-cdef-1234-567890abcdef")
A_DATE = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "tuple": (1, "two", None),
    "bytes": b"\x00\xff abc",
    "markup": Markup("<b>&amp;</b>"),
    "uuid": AN_UUID,
    "datetime": A_DATE,
    "dict": {" t": [1, 2]},
}
TYPED: list[tuple[str, str, Any]] = [
    ("tag-tuple-empty", "an empty tuple", {"t": ()}),
    ("tag-tuple-nested", "tuples in tuples", {"t": ((1, (2, (3,))), [(), ((),)])}),
    ("tag-bytes-empty", "no bytes at all", {"b": b""}),
    ("tag-bytes-every-value", "all 256 byte values", {"b": bytes(range(256))}),
    ("tag-bytes-one", "bytes with two signs of padding", {"b": b"\xfb"}),
    ("tag-bytes-two", "bytes with one sign of padding", {"b": b"\xfb\xff"}),
    ("tag-markup-empty", "empty markup", {"m": Markup("")}),
    ("tag-markup-unicode", "markup that is not ASCII", {"m": Markup("<i>é🍪</i>")}),
    ("tag-uuid-nil", "the nil UUID", {"u": UUID(int=0)}),
    ("tag-uuid-max", "the UUID of all ones", {"u": UUID(int=2**128 - 1)}),
    ("tag-datetime-epoch", "the epoch", {"d": datetime(1970, 1, 1, tzinfo=UTC)}),
    ("tag-datetime-early", "a date before the epoch", {"d": datetime(1899, 12, 31, tzinfo=UTC)}),
    ("tag-datetime-leap-day", "a leap day", {"d": datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)}),
    (
        "tag-datetime-naive",
        "no zone is written as UTC, microseconds are dropped",
        {"d": datetime(2020, 12, 31, 23, 59, 58, 999_999)},
    ),
    (
        "tag-datetime-offset",
        "a zone other than UTC is converted",
        {"d": datetime(2020, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))},
    ),
    ("tag-date", "a plain date is text", {"d": A_DATE.date()}),
    ("tag-decimal", "a Decimal is text", {"p": Decimal("9.99")}),
    (
        "tag-uuid-list",
        "many UUIDs",
        {"ids": [UUID(bytes=random_bytes(f"u{i}", 16)) for i in range(5)]},
    ),
    ("tag-all", "every tag at once", VALUES),
    ("tag-mixed", "tags inside tags", {"a": {"b": [{"c": (b"x", [Markup("i"), {" u": (1,)}])}]}}),
    *(
        (f"dict-key{key.replace(' ', '-')}", f"a dict whose only key is {key!r}", {"x": {key: 1}})
        for key in (" b", " d", " di", " m", " t", " u")
    ),
    ("dict-key-top", "the session itself has only the key ' t'", {" t": 5}),
    ("dict-key-top-list", "the session itself is a ' t' with a list", {" t": [1, 2]}),
    ("dict-key-top-di", "the session itself has only the key ' di'", {" di": {" di": 1}}),
    ("dict-key-nested", "a tag key in a tag key", {"x": {" t": {" b": {" m": {" di": "q"}}}}}),
    ("dict-key-tagged-value", "a tag key over a tuple", {"x": {" t": (1, 2)}}),
    ("dict-key-dunder", "a key that looks like an escaped tag", {"x": {" t__": "q"}}),
    ("dict-key-unknown", "a key that looks like a tag", {"x": {" x": [1], "y": {" q": 1}}}),
    ("dict-key-sibling", "a tag key that is not alone", {"x": {" t": [1], "y": 2}}),
    ("dict-key-space", "keys of spaces", {" ": 1, "  ": {" ": 2}}),
    ("dict-key-empty", "an empty key", {"": 1, "x": {"": {"": ""}}}),
    ("unicode", "keys and values beyond ASCII", {"naïve": "日本 🍪", "ключ": "ß"}),
    ("unicode-escapes", "what JSON escapes", {"s": '"\\/\b\f\n\r\t\x00\x1f\x7f\u2028\u2029'}),
    (
        "unicode-planes",
        "the edges of the planes",
        {"s": "\u07ff\u0800\ud7ff\ue000\uffff\U0010ffff"},
    ),
    ("unicode-combining", "not normalized", {"e\u0301": "\u00e9", "\u00e9": "e\u0301"}),
    ("surrogate-high", "a lone high surrogate", {"s": "a\ud800b"}),
    ("surrogate-low", "a lone low surrogate", {"s": "\udfff"}),
    ("surrogate-swapped", "surrogates in the wrong order", {"\udc00\ud800": "\udc00\ud800"}),
    ("number-ints", "small whole numbers", {"a": 0, "b": -1, "c": 255, "d": -(2**31)}),
    ("number-2-53", "where doubles end", {"n": [2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2]}),
    ("number-2-53-negative", "where doubles end below", {"n": [1 - 2**53, -(2**53) - 1]}),
    ("number-64-bit", "around 64 bits", {"n": [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1]}),
    ("number-big", "41 digits", {"n": 10**40, "m": -(10**40) - 1}),
    ("number-float-whole", "floats with nothing behind the point", {"f": [1.0, 100.0, -3.0]}),
    ("number-float-exponent", "floats with exponents", {"f": [1e22, 1e16, 1e-7, 5e-324, 1.5e300]}),
    ("number-float-digits", "floats with many digits", {"f": [0.1, 1 / 3, math.pi, 1e15 + 0.3]}),
    ("number-negative-zero", "minus zero", {"f": -0.0}),
    ("number-nan", "not a number", {"f": math.nan}),
    ("number-infinity", "both infinities", {"f": [math.inf, -math.inf]}),
    ("literals", "true, false and null", {"t": True, "f": False, "n": None}),
    ("empty-containers", "empty containers", {"d": {}, "l": [], "s": "", "n": [[], {}]}),
    ("empty-session", "an empty session", {}),
    ("key-order", "Flask sorts keys", {"zeta": 1, "alpha": {"y": 1, "b": 2}, "Mid": 3}),
    ("flash-one", "a flashed message", {"_flashes": [("message", "Saved.")]}),
    ("flash-many", "flashes", {"_flashes": [("error", "Oops"), ("info", Markup("<b>x</b>"))]}),
    ("permanent", "a permanent session", {"_permanent": True, "user": 7}),
    (
        "flask-login",
        "what Flask-Login keeps",
        {"_user_id": "42", "_fresh": True, "_id": random_bytes("login", 64).hex()},
    ),
    ("flask-wtf", "what Flask-WTF keeps", {"csrf_token": random_bytes("csrf", 20).hex()}),
    ("cart", "a shopping cart", {"cart": [{"sku": f"A-{i}", "n": i} for i in range(9)]}),
    ("long-key", "a key of 1000 characters", {"k" * 1000: 1}),
    ("four-kilobytes", "as much as a browser keeps", {"blob": random_bytes("blob", 2700).hex()}),
    ("repetitive", "20 kB that zlib makes small", {"text": "all work and no play " * 1000}),
]
RAW: list[tuple[str, str, str]] = [
    ("raw-whitespace", "whitespace between the tokens", ' {\n"a" : [ 1 ,\t2 ] }\r\n'),
    ("raw-utf8", "a writer that does not escape", '{"naïve":"日本 🍪 \u2028"}'),
    ("raw-escapes", "escapes that Flask never writes", '{"\\u0061\\/":"\\uD83C\\uDF6A\\u00E9"}'),
    ("raw-duplicate-keys", "the same key twice", '{"a":1,"a":{"b":2,"b":3}}'),
    ("raw-exponents", "other ways to write numbers", '{"n":[1E2,1e+2,1.50,-0,0e0,1e-2]}'),
    ("raw-unsorted", "keys in no order", '{"b":1,"a":{"d":2,"c":3}}'),
    ("raw-date-odd", "a date nobody can read", '{"d":{" d":"the day after tomorrow"}}'),
    ("raw-date-empty", "an empty date", '{"d":{" d":""}}'),
    ("raw-unknown-tag", "an unknown tag is an object", '{"x":{" z":[1]},"y":{" T":[1]}}'),
    ("raw-tag-sibling", "a tag with a sibling is an object", '{"x":{" t":5," b":"@@"}}'),
]
OPTIONS: list[tuple[str, str, dict[str, str]]] = [
    ("salt", "another salt", {"salt": "other-salt"}),
    ("salt-unicode", "a salt beyond ASCII", {"salt": "sål 🧂"}),
    ("salt-empty", "an empty salt", {"salt": ""}),
    ("sha256", "SHA-256", {"digest": "sha256"}),
    ("sha512", "SHA-512", {"digest": "sha512"}),
    ("concat", "key derivation concat", {"key_derivation": "concat"}),
    ("django-concat", "key derivation django-concat", {"key_derivation": "django-concat"}),
    ("no-derivation", "no key derivation", {"key_derivation": "none"}),
    ("concat-sha256", "concat with SHA-256", {"key_derivation": "concat", "digest": "sha256"}),
    (
        "all-options",
        "every option at once",
        {"salt": "x", "digest": "sha512", "key_derivation": "django-concat"},
    ),
]
KEYS: list[tuple[str, str, Key]] = [
    ("key-short", "a key of one character", "k"),
    ("key-block", "a key as long as the hash's block", "k" * 64),
    ("key-long", "a key longer than the hash's block", "k" * 65),
    ("key-unicode", "a key beyond ASCII", "pop\u00df\u2603🔑"),
    ("key-bytes", "a key of bytes", random_bytes("key", 24)),
    ("key-bytes-zero", "a key of bytes with zeros", b"\x00" * 16 + b"\xff"),
]


def build() -> Suite:
    s = suite("flask")
    for slug, value in VALUES.items():
        typed(s, f"tag-{slug}", f"a {slug}, tagged", {"v": value})
        typed(s, f"tag-{slug}-in-list", f"a {slug} in lists", {"v": [[value], value]})
        typed(s, f"tag-{slug}-in-dict", f"a {slug} in a dict", {"v": {"a": {"b": value}}})
        typed(s, f"tag-{slug}-in-tuple", f"a {slug} in tuples", {"v": ((value,), value)})
    for slug, comment, data in TYPED:
        typed(s, slug, comment, data)
    for depth in (30, 150):
        typed(s, f"depth-{depth}", f"{depth} levels deep", nest(depth))
    for slug, comment, options in OPTIONS:
        typed(s, slug, comment, {"a": 8}, options=options)
    for slug, comment, key in KEYS:
        typed(s, slug, comment, {"a": 4}, keys=[key])
    raw(s)
    rotation(s)
    expiry(s)
    headers(s)
    return s


def typed(
    s: Suite, slug: str, comment: str, data: Any, *, keys: list[Key] | None = None, **more: Any
) -> None:
    """Sealed now, so the same bytes are asked of the writer."""
    peer = Peer(keys or [SECRET], more.get("options"))
    text, token = peer.text(data), peer.seal(data)
    ok(s, slug, comment, text, [("session", token)], keys=keys, entropy="", **more)


def ok(
    s: Suite,
    slug: str,
    comment: str,
    payload: str,
    cookies: Cookies | None = None,
    flask_wrote: bool = True,
    **more: Any,
) -> None:
    case, peer = add_case(s, slug, comment, "ok", cookies=cookies, payload=payload, **more)
    read = opened(case, peer)[0]
    assert isinstance(read, dict), case["id"]
    if flask_wrote:
        assert peer.text(read) == payload, case["id"]
    else:
        assert read.keys() == json.loads(payload).keys(), case["id"]


def raw(s: Suite) -> None:
    """Payloads that Flask reads but would write in another way."""
    peer = Peer([SECRET])
    deep = json.dumps(nest(200), separators=(",", ":"))
    for slug, comment, text in [*RAW, ("depth-200", "as deep as we read", deep)]:
        ok(s, slug, comment, text, [("session", peer.sign(body(text)))], flask_wrote=False)
    text = '{"a":1}'
    token = peer.sign(packed(text))
    ok(s, "raw-packed-small", "zlib where it does not pay", text, [("session", token)])
    token = peer.sign(packed(text, level=0))
    ok(s, "raw-packed-stored", "a zlib stream that only stores", text, [("session", token)])
    text = json.dumps({"a": "x" * 12_209}, separators=(",", ":"))
    sha512 = {"digest": "sha512"}
    token = Peer([SECRET], sha512).sign(body(text))
    assert len(token) == 16_384
    ok(s, "longest-value", "as long as we read", text, [("session", token)], options=sha512)


def rotation(s: Suite) -> None:
    text = '{"who":"me"}'
    old, older = (Peer([key]).sign(body(text)) for key in (OLD, OLDER))
    both: list[Key] = [SECRET, OLD]
    three: list[Key] = [SECRET, OLD, OLDER]
    new = Peer([SECRET]).sign(body(text))
    ok(s, "rotation-2-newest", "the first of two keys", text, [("session", new)], keys=both)
    ok(s, "rotation-2-old", "the second of two keys", text, [("session", old)], keys=both)
    ok(s, "rotation-3-old", "the second of three keys", text, [("session", old)], keys=three)
    ok(s, "rotation-3-older", "the third of three keys", text, [("session", older)], keys=three)
    mixed: list[Key] = [SECRET, random_bytes("key", 24)]
    signed = Peer(mixed[1:]).sign(body(text))
    ok(s, "rotation-bytes", "an old key of bytes", text, [("session", signed)], keys=mixed)
    typed(s, "rotation-2-signs", "the first of two keys signs", {"who": "me"}, keys=both)
    typed(s, "rotation-3-signs", "the first of three keys signs", {"who": "me"}, keys=three)


def expiry(s: Suite) -> None:
    def aged(
        slug: str, comment: str, issued: int, policy: dict[str, int] | None, after: int
    ) -> None:
        token = [("session", Peer([SECRET]).sign(body('{"a":1}'), issued))]
        ok(s, slug, comment, '{"a":1}', token, policy=policy, now_ms=after)

    ms = NOW * 1000
    skewed = {**HOUR, "skew_s": 60}
    aged("idle-fresh", "half the time is over", NOW, HOUR, ms + 1_800_000)
    aged("idle-same-second", "opened in the second of issue", NOW, HOUR, ms)
    aged("idle-limit", "exactly as old as allowed", NOW, HOUR, ms + 3_600_000)
    aged("idle-limit-fraction", "parts of a second do not count", NOW, HOUR, ms + 3_600_999)
    aged(
        "idle-31-days",
        "Flask's default of 31 days",
        NOW,
        {"idle_s": 31 * DAY},
        ms + 31 * DAY * 1000,
    )
    aged("no-policy-old", "without a policy age is not looked at", 1_000_000_000, None, ms)
    aged("skew-future", "issued as far ahead as the skew allows", NOW + 60, skewed, ms)
    aged("skew-future-fraction", "parts of a second ahead", NOW + 1, skewed, ms + 999)
    aged("issued-at-zero", "time 0 is written as nothing", 0, HOUR, 1000)
    aged("issued-1-byte", "a timestamp of one byte", 200, HOUR, 300_000)
    aged("issued-5-bytes", "a timestamp beyond 32 bits", 2**32 + 5, HOUR, (2**32 + 9) * 1000)


def headers(s: Suite) -> None:
    peer = Peer([SECRET])
    text = '{"a":1}'
    good, second = peer.sign(body(text)), peer.sign(body('{"a":2}'))
    bad = good[:-1]
    expired = peer.sign(body(text), NOW - 9999)

    def pairs(slug: str, comment: str, *values: Any, **more: Any) -> None:
        ok(s, slug, comment, text, [("session", v) for v in values], **more)

    pairs("duplicates-second", "the second of two opens", bad, good)
    pairs("duplicates-first", "the first that opens is taken", good, second)
    pairs("duplicates-fourth", "the fourth of four opens", bad, bad, bad, good)
    pairs("duplicates-five", "of five the second opens", bad, good, bad, bad, bad)
    pairs("duplicates-expired", "an expired one is passed over", expired, good, policy=HOUR)
    pairs("duplicates-too-large", "one too large is passed over", repeated("", "A", 16_385), good)
    ok(
        s,
        "neighbours",
        "other cookies around it",
        text,
        [("theme", "dark"), ("session", good), ("lang", "en")],
    )
    for slug, comment, header in [
        ("neighbour-quoted", "a quoted neighbour", 'theme="a b"; session={}'),
        ("neighbour-quoted-open", "a quote that never ends", 'theme="a; session={}'),
        ("neighbour-escaped", "a neighbour with escapes", 'theme="a\\073b\\"c"; session={}'),
        ("neighbour-nameless", "neighbours without a name or a value", "=x; y; z=; ; session={}"),
        ("neighbour-equals", "a neighbour full of signs", "a=b=c==; session={}; d=session=e"),
        ("neighbour-unicode", "a neighbour beyond ASCII", "näme=wört 🍪; session={}"),
        ("neighbour-control", "a neighbour with control characters", "a=\x01\x7f; session={}"),
        ("neighbour-similar", "names that are nearly ours", "session2=x; Session=y; session={}"),
        ("header-no-spaces", "no spaces between the pairs", "a=b;session={};c=d"),
        ("header-many-spaces", "spaces and tabs around the pairs", " a=b ;\t session={} \t; c=d "),
        ("header-separators", "separators with nothing between", ";;;session={};;"),
        ("header-bad-percent", "a neighbour badly percent-encoded", "a=%zz%; session={}"),
    ]:
        ok(s, slug, comment, text, header=header.format(good))


def nest(depth: int) -> dict[str, Any]:
    """A session of as many levels, itself the first."""
    inner: Any = "x"
    for level in range(depth - 1):
        inner = [inner] if level % 2 else {"n": inner}
    return {"a": inner}
