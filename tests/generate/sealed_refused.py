"""Sealed cookies that do not open, one fault each."""

from __future__ import annotations

from typing import Any

import pyseto
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyseto.utils import base64url_encode
from sealed_peer import (
    NOW,
    SECRET,
    Peer,
    add_case,
    claims,
    opened,
    rfc3339,
    suite,
)
from suite import Key, Suite, flipped, random_bytes, repeated

HOUR = {"idle_s": 3600}
DAY, YEAR = 86_400, 365 * 86_400
OTHER = "golden vectors: some other secret it is"
TEXT = '{"user":42}'
PEER = Peer(SECRET)
GOOD = PEER.seal(claims(TEXT))
HEAD = "v4.local."
BODY, FOOTER = GOOD.removeprefix(HEAD).split(".")
JTI = '"jti":"AAAAAAAAAAAAAAAAAAAAAA"'

NOT_OBJECTS: list[tuple[str, str]] = [
    ("array", "[1,2]"),
    ("array-empty", "[]"),
    ("string", '"user=42"'),
    ("number", "42"),
    ("float", "-0.5"),
    ("true", "true"),
    ("false", "false"),
    ("null", "null"),
    ("tuple", '{" t":[1,2]}'),
    ("bytes", '{" b":"YWJj"}'),
    ("markup", '{" m":"<b>"}'),
    ("uuid", '{" u":"1234567890abcdef1234567890abcdef"}'),
    ("datetime", '{" d":"Thu, 04 Mar 2021 05:06:07 GMT"}'),
]
BAD_CLAIMS: list[tuple[str, str, str | bytes]] = [
    ("empty", "no claims at all", ""),
    ("space", "a space for claims", " "),
    ("text", "a word", "hello"),
    ("array", "an array", "[]"),
    ("string", "a string", '"x"'),
    ("number", "a number", "42"),
    ("null", "null", "null"),
    ("unclosed", "never closed", claims(TEXT)[:-1]),
    ("trailing", "text after the end", claims(TEXT) + "x"),
    ("twice", "two objects", claims(TEXT) * 2),
    ("trailing-comma", "a comma before the end", claims(TEXT)[:-1] + ",}"),
    ("single-quotes", "single quotes", claims(TEXT).replace('"', "'")),
    ("bom", "a byte order mark", "\ufeff" + claims(TEXT)),
    ("control", "a raw newline in a string", claims('{"a":"x\ny"}')),
    ("bad-json", "bad JSON in d", claims("{'a':1}")),
    ("bad-escape", "a bad escape in d", claims('{"a":"\\x41"}')),
    ("bad-number", "a bad number in d", claims('{"a":01}')),
    ("utf8", "a byte that is not UTF-8", claims('{"a":"?"}').encode().replace(b"?", b"\xff")),
    ("utf16", "UTF-16", claims(TEXT).encode("utf-16-le")),
    ("no-d", "no d", claims(TEXT).partition(',"d"')[0] + "}"),
    ("no-iat", "no iat", f'{{{JTI},"c":{NOW},"d":{TEXT}}}'),
    ("names-case", "claims in capitals", f'{{"IAT":"{rfc3339(NOW)}","D":{TEXT}}}'),
]
BAD_IAT: list[tuple[str, str, str]] = [
    ("number", "seconds for iat", str(NOW)),
    ("null", "null for iat", "null"),
    ("array", "an array for iat", "[]"),
    ("empty", "an empty iat", '""'),
    ("word", "a word for iat", '"yesterday"'),
    ("digits", "seconds in quotes", f'"{NOW}"'),
    ("date-only", "a date alone", '"2026-01-02"'),
    ("no-zone", "no zone", '"2026-01-02T03:04:05"'),
    ("month", "month 13", '"2026-13-02T03:04:05Z"'),
    ("month-zero", "month 0", '"2026-00-02T03:04:05Z"'),
    ("day", "30 February", '"2026-02-30T03:04:05Z"'),
    ("leap-day", "29 February in a common year", '"2025-02-29T03:04:05Z"'),
    ("hour", "hour 24", '"2026-01-02T24:04:05Z"'),
    ("minute", "minute 60", '"2026-01-02T03:60:05Z"'),
    ("two-digits", "a year of two digits", '"26-01-02T03:04:05Z"'),
    ("point", "a point with nothing behind", '"2026-01-02T03:04:05.Z"'),
    ("trailing", "text behind the zone", '"2026-01-02T03:04:05Z!"'),
    ("http", "a date as in HTTP headers", '"Fri, 02 Jan 2026 03:04:05 GMT"'),
    ("unicode", "digits beyond ASCII", '"２０２６-01-02T03:04:05Z"'),
]


def build() -> Suite:
    s = suite("refused-sealed")
    absent(s)
    versions(s)
    shapes(s)
    keys(s)
    tampered(s)
    bindings(s)
    for slug, comment, text in BAD_CLAIMS:
        sealed(s, f"claims-{slug}", comment, "malformed", text)
    for slug, comment, value in BAD_IAT:
        text = claims(TEXT).replace(f'"{rfc3339(NOW)}"', value)
        sealed(s, f"iat-{slug}", comment, "malformed", text)
    for slug, text in NOT_OBJECTS:
        sealed(s, f"top-{slug}", f"a {slug} for d", "not_an_object", claims(text))
    ages(s)
    limits(s)
    duplicates(s)
    return s


def refuse(
    s: Suite,
    slug: str,
    comment: str,
    expect: str,
    *values: Any,
    decrypts: bool = False,
    **more: Any,
) -> None:
    """decrypts: pyseto opens it, so the fault lies in the claims or in our stricter rules."""
    if "header" not in more and "cookies" not in more:
        more["cookies"] = [("session", v) for v in values]
    case, peers = add_case(s, slug, comment, expect, **more)
    assert bool(opened(case, peers)) == decrypts, case["id"]


def sealed(s: Suite, slug: str, comment: str, expect: str, text: str | bytes, **more: Any) -> None:
    refuse(s, slug, comment, expect, PEER.seal(text), decrypts=True, **more)


def absent(s: Suite) -> None:
    for slug, comment, header in [
        ("header-empty", "no header", ""),
        ("others", "only other cookies", "theme=dark; lang=en"),
        ("empty", "an empty value", "session="),
        ("case", "the name in capitals", f"SESSION={GOOD}"),
        ("name-longer", "a longer name", f"session2={GOOD}"),
        ("name-prefixed", "a name with a prefix", f"__Host-session={GOOD}"),
        ("nameless", "a value without a name", f"={GOOD}"),
    ]:
        refuse(s, f"absent-{slug}", comment, "no_cookie", header=header)


def versions(s: Suite) -> None:
    """Other versions and purposes of PASETO, and what is none."""
    rest = GOOD.removeprefix(HEAD)
    for head in ("v1.local.", "v2.local.", "v3.local.", "v5.local.", "v4.public.", "v2.public."):
        refuse(s, f"head-{head[:-1]}", f"{head} in front", "malformed", head + rest)
    ed25519 = Ed25519PrivateKey.from_private_bytes(random_bytes("ed25519", 32)).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    public = pyseto.Key.new(version=4, purpose="public", key=ed25519)
    token = pyseto.encode(public, claims(TEXT), PEER.kid, PEER.assertion).decode()
    refuse(s, "real-v4.public", "signed, not encrypted", "malformed", token)
    for version in (2, 3):
        key = pyseto.Key.new(version=version, purpose="local", key=random_bytes("local", 32))
        nonce = random_bytes("nonce", 24 if version == 2 else 32)
        token = pyseto.encode(key, claims(TEXT), PEER.kid, nonce=nonce).decode()
        refuse(s, f"real-v{version}.local", f"a token of version {version}", "malformed", token)
    for slug, comment, token in [
        ("upper", "in capitals", GOOD.upper()),
        ("head-upper", "a capital V", "V" + GOOD[1:]),
        ("head-purpose-upper", "the purpose in capitals", GOOD.replace("local", "LOCAL")),
        ("head-gone", "no version and purpose", rest),
        ("head-version-gone", "no version", GOOD[3:]),
        ("head-purpose-gone", "no purpose", "v4." + rest),
        ("head-dots", "a dot too many in front", "." + GOOD),
        ("head-piece", "a piece of the version", GOOD[:7]),
        ("head-no-dot", "the last dot of the head missing", GOOD[:8]),
        ("head-letter", "a letter in front", "x" + GOOD),
        ("head-json", "version 4 for JWT", "eyJhbGciOiJub25lIn0." + rest),
        ("quoted-open", "a quote that never ends", f'"{GOOD}'),
        ("percent", "percent-encoded dots", GOOD.replace(".", "%2E")),
        ("reversed", "backwards", GOOD[::-1]),
        ("flask", "a token of another format", "eyJhIjoxfQ.aVc2JQ.AAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("word", "a word", "hello"),
        ("dots", "nothing but dots", "....."),
        ("emoji", "nothing but emoji", "🍪🍪🍪"),
        ("nul", "nothing but a NUL", "\x00"),
        ("json", "the session itself", TEXT),
    ]:
        refuse(s, slug, comment, "malformed", token)


def shapes(s: Suite) -> None:
    """Parts that are not canonical base64url, or too few bytes."""

    def body(slug: str, comment: str, text: str, decrypts: bool = False) -> None:
        token = f"{HEAD}{text}.{FOOTER}"
        refuse(s, f"body-{slug}", comment, "malformed", token, decrypts=decrypts)

    body("empty", "an empty body", "")
    for length in (1, 31, 32, 63):
        comment = f"a body of {length} bytes"
        body(f"{length}-bytes", comment, base64url_encode(random_bytes("body", length)).decode())
    assert len(BODY) % 4 == 0, "the cases below cut it on this border"
    body("length", "a length that base64 never has", BODY[:-3])
    body("stray-bits", "stray bits at the end", BODY[:-4] + "AAB")
    body("space", "a space inside", f"{BODY[:40]} {BODY[41:]}")
    body("spaces", "spaces put in", f"{BODY[:40]}    {BODY[40:]}", decrypts=True)
    body("signs", "signs put in", f"{BODY[:40]}!*!*{BODY[40:]}", decrypts=True)
    body("plus", "the other base64 alphabet", other_alphabet(), decrypts=True)
    body("padding", "padding", f"{BODY}====", decrypts=True)
    body("unicode", "a character beyond ASCII", f"{BODY[:40]}é{BODY[41:]}")
    body("control", "a control character", f"{BODY[:40]}\x01{BODY[41:]}")
    body("nul", "a NUL at the end", f"{BODY}\x00", decrypts=True)
    refuse(s, "part-extra", "a fifth part", "malformed", f"{GOOD}.{FOOTER}")
    refuse(s, "part-doubled", "the token twice", "malformed", GOOD + GOOD)


def other_alphabet() -> str:
    """The body of a good token, with + and / for - and _."""
    standard = BODY.replace("-", "+").replace("_", "/")
    assert standard != BODY
    return standard


def keys(s: Suite) -> None:
    def unknown(slug: str, comment: str, token: str, **more: Any) -> None:
        refuse(s, f"key-{slug}", comment, "unknown_key", token, **more)

    unknown("other", "another key", GOOD, keys=[OTHER])
    unknown("two-others", "two other keys", GOOD, keys=[OTHER, OTHER + "!"])
    unknown("newline", "the key with a newline", GOOD, keys=[SECRET + "\n"])
    unknown("case", "the key in capitals", GOOD, keys=[SECRET.upper()])
    unknown("hex", "the key's bytes in hex", GOOD, keys=[SECRET.encode().hex()])
    unknown("bytes", "a key of bytes", GOOD, keys=[random_bytes("key", 32)])
    unknown("no-footer", "no footer", GOOD.rpartition(".")[0])
    unknown("empty-footer", "an empty footer", HEAD + BODY + ".")
    for at in (0, 5, 10):
        footer = flipped(FOOTER, at)
        unknown(f"footer-flip-{at}", f"character {at} changed", f"{HEAD}{BODY}.{footer}")
    for slug, comment, footer in [
        ("cut-4", "the first 4 characters of the footer", FOOTER[:4]),
        ("cut-8", "the first 8 characters of the footer", FOOTER[:8]),
        ("zero", "a footer of zeros", base64url_encode(bytes(8)).decode()),
        ("longer", "a byte more", base64url_encode(PEER.kid + b"\0").decode()),
        ("twice", "the key id twice", base64url_encode(PEER.kid * 2).decode()),
        ("reversed", "the key id backwards", base64url_encode(PEER.kid[::-1]).decode()),
        ("json", "a key id in JSON", base64url_encode(b'{"kid":"x"}').decode()),
        ("body", "the body for the footer", BODY),
    ]:
        unknown(f"footer-{slug}", comment, f"{HEAD}{BODY}.{footer}")
    for length in (100, 160, 200):
        token = GOOD[: len(HEAD) + length]
        unknown(f"cut-{length}", f"a body of {length} characters and no footer", token)
    token = pyseto.encode(
        PEER.key, claims(TEXT), b"", PEER.assertion, random_bytes("n", 32)
    ).decode()
    refuse(s, "key-sealed-bare", "sealed without a footer", "unknown_key", token)
    alien = pyseto.encode(
        PEER.key, claims(TEXT), b"key-0001", PEER.assertion, random_bytes("n", 32)
    )
    comment = "sealed with another key id"
    refuse(s, "key-sealed-other-id", comment, "unknown_key", alien.decode())


def tampered(s: Suite) -> None:
    def bad(slug: str, comment: str, token: str, **more: Any) -> None:
        refuse(s, slug, comment, "bad_signature", token, **more)

    nonce, tag = 43, len(BODY) - 43
    for part, places in [
        ("nonce", (0, 21, nonce - 1)),
        ("text", (nonce + 1, len(BODY) // 2, tag - 1)),
        ("tag", (tag + 1, tag + 20, len(BODY) - 1)),
    ]:
        for at in places:
            token = f"{HEAD}{flipped(BODY, at)}.{FOOTER}"
            bad(f"flip-{part}-{at}", f"character {at} of the body changed", token)
    for length in (88, 120, 160, len(BODY) - 4):
        token = f"{HEAD}{BODY[:length]}.{FOOTER}"
        bad(f"cut-body-{length}", f"the first {length} characters of the body", token)
    for slug, comment, text in [
        ("body-start-cut", "the first bytes missing", BODY[4:]),
        ("body-longer", "three bytes more", BODY + "AAAA"),
        ("body-longer-front", "three bytes more in front", "AAAA" + BODY),
        ("body-twice", "the body twice", BODY * 2),
        ("body-halves", "the halves swapped", BODY[140:] + BODY[:140]),
        ("body-lower", "the body in small letters", BODY.lower()),
        ("body-least", "64 bytes of zeros", base64url_encode(bytes(64)).decode()),
        ("body-zeros", "200 bytes of zeros", base64url_encode(bytes(200)).decode()),
        ("body-plain", "claims that nobody sealed", base64url_encode(plain()).decode()),
    ]:
        bad(slug, comment, f"{HEAD}{text}.{FOOTER}")
    other = Peer(OTHER)
    footer = base64url_encode(other.kid).decode()
    comment = "the id of the other of two keys"
    both: list[Key] = [SECRET, OTHER]
    bad("footer-other", comment, f"{HEAD}{BODY}.{footer}", keys=both)
    body = other.seal(claims(TEXT)).split(".")[2]
    bad("body-other-key", "sealed by a key that the id denies", f"{HEAD}{body}.{FOOTER}")
    raw = pyseto.Key.new(version=4, purpose="local", key=SECRET[:32].encode())
    token = pyseto.encode(
        raw, claims(TEXT), PEER.kid, PEER.assertion, random_bytes("n", 32)
    ).decode()
    bad("key-underived", "the secret itself as the key", token)


def plain() -> bytes:
    return bytes(32) + claims(TEXT).encode() + bytes(32)


def bindings(s: Suite) -> None:
    """A token belongs to one cookie name and one audience."""

    def bad(slug: str, comment: str, token: str, name: str = "session", **more: Any) -> None:
        cookies = [(name, token)]
        refuse(s, slug, comment, "bad_signature", name=name, cookies=cookies, **more)

    for name in ("sid", "session2", "sessio", "Session", "__Host-sid", "__Secure-session2"):
        bad(f"name-{name}", f"moved to {name}", GOOD, name)
    bad("name-twice", "only one prefix goes", GOOD, "__Host-__Secure-session")
    bad("name-similar", "what only looks like a prefix", GOOD, "__Hosts-session")
    for slug, comment, audience in [
        ("missing", "sealed without an audience", ""),
        ("other", "another audience", "https://example.org"),
        ("case", "the audience in capitals", "HTTPS://EXAMPLE.COM"),
        ("slash", "a slash more", "https://example.com/"),
    ]:
        token = Peer(SECRET, audience=audience).seal(claims(TEXT))
        options = {"audience": "https://example.com"}
        bad(f"audience-{slug}", comment, token, options=options)
    token = Peer(SECRET, audience="https://example.com").seal(claims(TEXT))
    bad("audience-unwanted", "an audience where none is expected", token)
    token = Peer(SECRET, name="", audience="session").seal(claims(TEXT))
    bad("audience-name-swapped", "audience and name swapped", token)
    token = pyseto.encode(PEER.key, claims(TEXT), PEER.kid, nonce=random_bytes("n", 32)).decode()
    bad("assertion-missing", "sealed without an implicit assertion", token)


def ages(s: Suite) -> None:
    ms = NOW * 1000
    both = {"idle_s": 3600, "absolute_s": 7200}
    skewed = {**both, "skew_s": 60}
    bare = {"skew_s": 0}

    def aged(
        slug: str,
        comment: str,
        expect: str,
        text: str,
        policy: dict[str, int],
        now_ms: int = ms,
    ) -> None:
        sealed(s, f"age-{slug}", comment, expect, text, policy=policy, now_ms=now_ms)

    def at(iat: int, **more: Any) -> str:
        return claims(TEXT, iat=iat, **more)

    late, early = "expired", "not_yet_valid"
    aged("idle-1", "idle a second too long", late, at(NOW - 3601), HOUR)
    aged("idle-1-fraction", "and a bit", late, at(NOW - 3601), HOUR, ms + 999)
    aged("idle-skew", "skew does not prolong idling", late, at(NOW - 3601), skewed)
    aged("idle-short", "of an idle time of a second", late, at(NOW - 2), {"idle_s": 1})
    aged("idle-day", "idle for a day", late, at(NOW - DAY), both)
    aged("idle-years", "idle for ten years", late, at(NOW - 10 * YEAR), HOUR)
    aged("idle-epoch", "idle since 1970", late, at(0), HOUR)
    aged("idle-exp", "exp is later than the idle limit", late, at(NOW - 3601, exp=NOW + 9), HOUR)
    aged("absolute-1", "a second too old", late, at(NOW, c=NOW - 7201), both)
    aged("absolute-skew", "skew does not prolong a life", late, at(NOW, c=NOW - 7201), skewed)
    aged("absolute-exp", "nor does exp", late, at(NOW, c=NOW - 7201, exp=NOW + 9), both)
    aged("absolute-zero", "begun in 1970", late, at(NOW, c=0), both)
    aged("absolute-negative", "begun before 1970", late, at(NOW, c=-5), both)
    aged(
        "absolute-no-c", "without c it began at iat", late, at(NOW - 61, c=None), {"absolute_s": 60}
    )
    aged("exp-1", "a second past exp", late, at(NOW - 9, exp=NOW - 1), bare)
    aged("exp-skew-1", "61 s past exp with a skew of 60", late, at(NOW - 99, exp=NOW - 61), skewed)
    aged("exp-policy", "a longer policy does not undo exp", late, at(NOW - 9, exp=NOW - 1), both)
    aged("exp-years", "years past exp", late, at(NOW - 3 * YEAR, exp=NOW - 2 * YEAR), bare)
    aged("exp-epoch", "exp in 1970", late, at(NOW, exp=0), bare)
    aged("before-top", "expired before the kind of d is seen", late, claims("[]", iat=0), HOUR)
    aged("future-61", "61 s ahead with a skew of 60", early, at(NOW + 61), skewed)
    aged("future-61-fraction", "a bit less", early, at(NOW + 61), skewed, ms + 999)
    aged("future-1", "a second ahead without skew", early, at(NOW + 1), both)
    aged("future-day", "a day ahead", early, at(NOW + DAY), skewed)
    aged("future-years", "ten years ahead", early, at(NOW + 10 * YEAR), skewed)
    aged("future-9999", "the last year of four digits", early, at(253_402_300_799), skewed)
    exp = claims(TEXT).replace('"jti"', '"exp":"never","jti"')
    aged("exp-word", "a word for exp", "malformed", exp, bare)


def limits(s: Suite) -> None:
    for depth in (300, 5000):
        text = claims('{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}")
        sealed(s, f"deep-{depth}", f"{depth} levels", "too_large", text)
    huge = PEER.seal(claims('{"a":"' + "x" * 12_300 + '"}'))
    assert len(huge) > 16_384
    comment = "a good token of more than 16384 bytes"
    refuse(s, "long-sealed", comment, "too_large", huge, decrypts=True)
    for slug, comment, value in [
        ("16385", "16385 bytes", repeated(HEAD, "A", 16_376)),
        ("megabyte", "1 MB", repeated(HEAD, "A", 1_000_000, f".{FOOTER}")),
        ("dots", "20000 dots", repeated(HEAD, ".", 20_000)),
        ("bytes", "16386 bytes in 8193 characters", repeated("", "é", 8193)),
    ]:
        refuse(s, f"long-{slug}", comment, "too_large", value)


def duplicates(s: Suite) -> None:
    bad = [f"{HEAD}{flipped(BODY, n)}.{FOOTER}" for n in range(6)]
    unknown = Peer(OTHER).seal(claims(TEXT))
    for n in (2, 4):
        comment = f"{n} values, all bad"
        refuse(s, f"duplicates-{n}", comment, "bad_signature", *bad[:n])
    refuse(s, "duplicates-first", "the first gives the reason", "unknown_key", unknown, *bad[:2])
    refuse(s, "duplicates-word", "the first is a word", "malformed", "hello", *bad[:2])
    large = repeated("", "A", 16_385)
    refuse(s, "duplicates-large", "the first is too large", "too_large", large, *bad[:2])
    for n in (5, 6):
        refuse(s, f"duplicates-{n}", f"{n} values, all bad", "too_many", *bad[:n])
    comment = "the fifth would open"
    refuse(s, "duplicates-fifth", comment, "too_many", *bad[:4], GOOD, decrypts=True)
