"""Cookies that open, alike in both formats of plain JSON."""

from __future__ import annotations

from typing import Any

from flask_ok import DAY, HOUR, OLD, OLDER, RAW, TYPED, nest
from plain_peer import NOW, SECRET, Maker
from suite import Key

# What is the same with tags and without.
SHARED = ("unicode", "surrogate", "number", "literals", "empty", "long-key", "four")
SHARED_RAW = {"raw-whitespace", "raw-escapes", "raw-duplicate-keys", "raw-exponents"}
DATA: list[tuple[str, str, dict[str, Any]]] = [
    *(case for case in TYPED if case[0].startswith(SHARED)),
    ("untagged-top", "the only key looks like Flask's tag of a tuple", {" t": [1]}),
    ("untagged-dict", "the only key looks like Flask's tag of a dict", {" di": {}}),
    ("untagged-tuple", "no tuple", {"x": {" t": 5}}),
    ("untagged-bytes", "no bytes, and no base64 either", {"x": {" b": "@@@@"}}),
    ("untagged-markup", "no markup", {"x": [{" m": "<b>"}, {" m": None}]}),
    ("untagged-uuid", "no UUID", {"x": {" u": "nope"}}),
    ("untagged-date", "no date", {"x": {" d": "Thu, 04 Mar 2021 05:06:07 GMT"}}),
    ("untagged-escaped", "not escaped", {"x": {" di": {" t__": [1]}}}),
    ("key-order", "keys stay in their order", {"zeta": 1, "alpha": {"y": 1, "b": 2}, "10": 3}),
    ("depth-30", "30 levels deep", nest(30)),
    ("depth-200", "as deep as we read", nest(200)),
    ("coerced-keys", "other keys become text", {"x": {7: 0, True: 1, None: 2, 0.5: 3}}),
    ("coerced-tuple", "a tuple becomes a list", {"t": (1, (2, ()))}),
]


def add(m: Maker) -> None:
    for slug, comment, data in DATA:
        m.typed(slug, comment, data)
    for slug, comment, text in RAW:
        if slug in SHARED_RAW:
            m.signed(slug, comment, text)
    for slug, comment, key in [
        ("key-short", "a key of one character", "k"),
        ("key-long", "a key longer than the hash's block", "k" * 129),
        ("key-unicode", "a key beyond ASCII", "pop\u00df\u2603🔑"),
    ]:
        m.typed(slug, comment, {"a": 4}, keys=[key])
    rotation(m)
    expiry(m)
    headers(m)


def rotation(m: Maker) -> None:
    data = {"who": "me"}
    text = m.peer.text(data)
    old, older = (m.library([key]).seal(data) for key in (OLD, OLDER))
    two: list[Key] = [SECRET, OLD]
    three: list[Key] = [SECRET, OLD, OLDER]
    m.ok("rotation-2-old", "the second of two keys", text, old, keys=two)
    m.ok("rotation-3-old", "the second of three keys", text, old, keys=three)
    m.ok("rotation-3-older", "the third of three keys", text, older, keys=three)
    m.typed("rotation-3-signs", "the first of three keys signs", data, keys=three)


def expiry(m: Maker) -> None:
    data = {"a": 1}
    skewed = {**HOUR, "skew_s": 60}

    def aged(slug: str, comment: str, issued: int, age: int, policy: dict[str, int] | None) -> None:
        token = m.peer.seal(data, issued)
        now_ms = (issued + age) * 1000
        m.ok(slug, comment, m.peer.text(data), token, policy=policy, now_ms=now_ms)

    aged("idle-same-second", "opened in the second of issue", NOW, 0, HOUR)
    aged("idle-limit", "exactly as old as allowed", NOW, 3600, HOUR)
    aged("idle-14-days", "two weeks", NOW, 14 * DAY, {"idle_s": 14 * DAY})
    aged("no-policy-old", "without a policy age is not looked at", 1_000_000_000, NOW, None)
    aged("skew-future", "issued as far ahead as the skew allows", NOW + 60, -60, skewed)
    for slug, comment, at in [
        ("issued-at-zero", "issued at time 0", 0),
        ("issued-1", "issued a second later", 1),
        ("issued-61", "issued at time 61", 61),
        ("issued-255", "issued at time 255", 255),
        ("issued-33-bits", "issued beyond 32 bits", 2**32 + 5),
    ]:
        m.typed(slug, comment, data, policy=HOUR, now_ms=at * 1000)


def headers(m: Maker) -> None:
    name, sep = m.library.cookie, m.library.separator
    good, second = m.peer.seal({"a": 1}), m.peer.seal({"a": 2})
    text, bad = m.peer.text({"a": 1}), good[:-1]
    for slug, comment, values in [
        ("duplicates-first", "the first that opens is taken", [good, second]),
        ("duplicates-fourth", "the fourth of four opens", [bad, "x", sep, good]),
        ("duplicates-five", "of five the second opens", [bad, good, bad, bad, bad]),
    ]:
        m.ok(slug, comment, text, *values)
    for slug, comment, before, after in [
        ("neighbours", "other cookies around it", "theme=dark; ", "; lang=en"),
        ("neighbour-quoted", "a quote that never ends", 'theme="a; ', ""),
        ("header-no-spaces", "no spaces between the pairs", "a=b;", ";c=d"),
    ]:
        m.ok(slug, comment, text, header=f"{before}{name}={good}{after}")
