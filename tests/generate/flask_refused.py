"""Flask cookies that do not open, one fault each."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any
from urllib.parse import quote

from flask_peer import NOW, SECRET, Peer, add_case, body, opened, packed, suite
from suite import Suite, flipped, repeated

YEAR = 365 * 86_400
HOUR = {"idle_s": 3600}
SKEWED = {**HOUR, "skew_s": 60}
TEXT = '{"_permanent":true,"user":42}'
PEER = Peer([SECRET])
GOOD = PEER.sign(body(TEXT))
PAYLOAD, TIMESTAMP, SIGNATURE = GOOD.split(".")
PACKED = PEER.sign(packed('{"a":"' + "x" * 60 + '"}'))

BAD_JSON: list[tuple[str, str, str | bytes]] = [
    ("empty", "no text at all", ""),
    ("spaces", "nothing but spaces", "   "),
    ("unclosed", "an object never closed", '{"a":1'),
    ("unclosed-array", "an array never closed", '{"a":[1}'),
    ("unclosed-string", "a string never closed", '{"a":"x}'),
    ("open", "one brace", "{"),
    ("mismatch", "brackets that do not match", '{"a":[1}]'),
    ("trailing-comma", "a comma before the end", '{"a":1,}'),
    ("trailing-comma-array", "a comma before the end of an array", '{"a":[1,]}'),
    ("leading-comma", "a comma at the start", '{,"a":1}'),
    ("missing-comma", "no comma between the members", '{"a":1 "b":2}'),
    ("missing-colon", "no colon", '{"a" 1}'),
    ("missing-value", "no value", '{"a":}'),
    ("key-only", "a key alone", '{"a"}'),
    ("key-unquoted", "a key without quotes", "{a:1}"),
    ("key-number", "a number as a key", '{1:"a"}'),
    ("single-quotes", "single quotes", "{'a':1}"),
    ("bom", "a byte order mark", "\ufeff{}"),
    ("trailing-garbage", "text after the end", '{"a":1}x'),
    ("two-objects", "two objects", '{"a":1}{"b":2}'),
    ("comment", "a comment", '{"a":1/* one */}'),
    ("literal-case", "True for true", '{"a":True}'),
    ("literal-none", "None for null", '{"a":None}'),
    ("literal-undefined", "undefined", '{"a":undefined}'),
    ("literal-nan-case", "nan in small letters", '{"a":nan}'),
    ("literal-nan-negative", "minus NaN", '{"a":-NaN}'),
    ("literal-infinity-plus", "plus Infinity", '{"a":+Infinity}'),
    ("literal-cut", "half a literal", '{"a":tru}'),
    ("number-leading-zero", "a leading zero", '{"a":01}'),
    ("number-plus", "a plus sign", '{"a":+1}'),
    ("number-point-first", "nothing before the point", '{"a":.5}'),
    ("number-point-last", "nothing after the point", '{"a":1.}'),
    ("number-exponent", "an exponent without digits", '{"a":1e}'),
    ("number-minus", "a minus sign alone", '{"a":-}'),
    ("number-hex", "a hexadecimal number", '{"a":0x1F}'),
    ("number-underscore", "digits grouped", '{"a":1_000}'),
    ("escape-unknown", "an unknown escape", '{"a":"\\x41"}'),
    ("escape-short", "a short escape", '{"a":"\\u12"}'),
    ("escape-last", "a backslash at the end", '{"a":"\\'),
    ("control-nul", "a raw NUL in a string", '{"a":"\x00"}'),
    ("control-newline", "a raw newline in a string", '{"a":"x\ny"}'),
    ("control-tab", "a raw tab in a string", '{"a":"x\ty"}'),
    ("control-key", "a control character in a key", '{"a\x1f":1}'),
    ("space-no-break", "a no-break space between the tokens", '{"a":\u00a01}'),
    ("space-form-feed", "a form feed between the tokens", '{"a":\x0c1}'),
    ("utf8-invalid", "a byte that is not UTF-8", b'{"a":"\xff"}'),
    ("utf8-overlong", "an overlong form", b'{"a":"\xc0\x80"}'),
    ("utf8-surrogate", "a surrogate in UTF-8", b'{"a":"\xed\xa0\x80"}'),
    ("utf8-cut", "half a character", b'{"a":"\xf0\x9f\x8d"}'),
    ("utf8-beyond", "beyond the last plane", b'{"a":"\xf4\x90\x80\x80"}'),
    ("utf16", "UTF-16", '{"a":1}'.encode("utf-16-le")),
    ("pickle", "a pickle", b"\x80\x04}\x94."),
]
NOT_OBJECTS: list[tuple[str, str]] = [
    ("array", "[1,2]"),
    ("array-empty", "[]"),
    ("string", '"user=42"'),
    ("number", "42"),
    ("float", "-0.5"),
    ("true", "true"),
    ("false", "false"),
    ("null", "null"),
    ("nan", "NaN"),
    ("tuple", '{" t":[1,2]}'),
    ("bytes", '{" b":"YWJj"}'),
    ("markup", '{" m":"<b>"}'),
    ("uuid", '{" u":"1234567890abcdef1234567890abcdef"}'),
    ("datetime", '{" d":"Thu, 04 Mar 2021 05:06:07 GMT"}'),
]
# slug, comment, the tagged value, whether Flask opens it all the same
BAD_TAGS: list[tuple[str, str, str, bool]] = [
    ("tuple-string", "a tuple from a string", '{" t":"ab"}', True),
    ("tuple-number", "a tuple from a number", '{" t":5}', False),
    ("tuple-null", "a tuple from null", '{" t":null}', False),
    ("tuple-object", "a tuple from an object", '{" t":{"a":1,"b":2}}', True),
    ("bytes-number", "bytes from a number", '{" b":5}', False),
    ("bytes-null", "bytes from null", '{" b":null}', False),
    ("bytes-array", "bytes from an array", '{" b":["YQ=="]}', False),
    ("bytes-padding", "base64 without padding", '{" b":"YQ"}', False),
    ("bytes-padding-half", "base64 with half its padding", '{" b":"YQ="}', False),
    ("bytes-padding-extra", "base64 with too much padding", '{" b":"YWJj===="}', True),
    ("bytes-url-safe", "the other base64 alphabet", '{" b":"-_-_"}', True),
    ("bytes-garbage", "not base64", '{" b":"@@@@"}', True),
    ("bytes-space", "a space in base64", '{" b":"YW Jj"}', True),
    ("bytes-newline", "a newline after base64", '{" b":"YWJj\\n"}', True),
    ("bytes-unicode", "not even ASCII", '{" b":"é"}', False),
    ("markup-number", "markup from a number", '{" m":5}', True),
    ("markup-null", "markup from null", '{" m":null}', True),
    ("markup-array", "markup from an array", '{" m":["x"]}', True),
    ("uuid-word", "a UUID from a word", '{" u":"nope"}', False),
    ("uuid-empty", "a UUID from nothing", '{" u":""}', False),
    ("uuid-short", "a UUID of 31 digits", '{" u":"1234567890abcdef1234567890abcde"}', False),
    ("uuid-long", "a UUID of 33 digits", '{" u":"1234567890abcdef1234567890abcdef0"}', False),
    ("uuid-not-hex", "a g in a UUID", '{" u":"1234567890abcdef1234567890abcdeg"}', False),
    ("uuid-number", "a UUID from a number", '{" u":5}', False),
    ("uuid-null", "a UUID from null", '{" u":null}', False),
    ("date-number", "a date from a number", '{" d":5}', False),
    ("date-null", "a date from null", '{" d":null}', True),
    ("date-array", "a date from an array", '{" d":[2021]}', False),
    ("dict-empty", "an escaped dict without a key", '{" di":{}}', False),
    ("dict-string", "an escaped dict from a string", '{" di":"ab"}', False),
    ("dict-number", "an escaped dict from a number", '{" di":5}', False),
    ("dict-null", "an escaped dict from null", '{" di":null}', False),
    ("dict-array", "an escaped dict from an array", '{" di":["a"]}', False),
    ("dict-two-keys", "an escaped dict with two keys", '{" di":{" t__":1,"b":2}}', True),
]


def build() -> Suite:
    s = suite("refused-flask")
    absent(s)
    tampered(s)
    other_secrets(s)
    timestamps(s)
    ages(s)
    encodings(s)
    compressed(s)
    for slug, comment, text in BAD_JSON:
        signed(s, f"json-{slug}", comment, "malformed", text)
    for slug, text in NOT_OBJECTS:
        signed(s, f"top-{slug}", f"a {slug} instead of a session", "not_an_object", text)
    for slug, comment, tag, lenient in BAD_TAGS:
        text = f'{{"x":{tag}}}'
        signed(s, f"tag-{slug}", comment, "malformed", text, stricter=lenient)
    bad = '{"a":[{"b":{" t":[{" u":"nope"}]}}]}'
    signed(s, "tag-deep", "a bad UUID deep inside", "malformed", bad)
    limits(s)
    duplicates(s)
    return s


def refuse(
    s: Suite,
    slug: str,
    comment: str,
    expect: str,
    *values: str | dict[str, Any],
    stricter: bool = False,
    **more: Any,
) -> None:
    """stricter: Flask alone would open it."""
    if "header" not in more:
        more["cookies"] = [("session", v) for v in values]
    case, peer = add_case(s, slug, comment, expect, **more)
    found = opened(case, peer)
    if expect == "not_an_object":
        assert not any(isinstance(f, dict) for f in found), case["id"]
        assert found, case["id"]
    else:
        assert bool(found) == stricter, case["id"]


def signed(
    s: Suite, slug: str, comment: str, expect: str, text: str | bytes, stricter: bool = False
) -> None:
    refuse(s, slug, comment, expect, PEER.sign(body(text)), stricter=stricter)


def absent(s: Suite) -> None:
    for slug, comment, header in [
        ("header-empty", "no header", ""),
        ("others", "only other cookies", "theme=dark; lang=en"),
        ("empty", "an empty value", "session="),
        ("empty-spaces", "a value of spaces", "session=  ; a=b"),
        ("case", "the name in capitals", f"SESSION={GOOD}"),
        ("name-longer", "a longer name", f"session2={GOOD}"),
        ("name-shorter", "a shorter name", f"sessio={GOOD}"),
        ("name-prefixed", "a name with a prefix", f"__Host-session={GOOD}"),
        ("name-inside", "the name inside another value", f"a=session={GOOD}"),
        ("nameless", "a value without a name", f"={GOOD}"),
        ("separators", "nothing but separators", "; ;;=;"),
        ("comma", "pairs parted by a comma", f"a=b, session={GOOD}"),
    ]:
        refuse(s, f"absent-{slug}", comment, "no_cookie", header=header)


def tampered(s: Suite) -> None:
    def bad(slug: str, comment: str, token: str, **more: Any) -> None:
        refuse(s, slug, comment, "bad_signature", token, **more)

    for part, start, end in [
        ("payload", 0, len(PAYLOAD)),
        ("timestamp", len(PAYLOAD) + 1, len(PAYLOAD) + 1 + len(TIMESTAMP)),
        ("signature", len(GOOD) - len(SIGNATURE), len(GOOD)),
    ]:
        for at in (start, (start + end) // 2, end - 1):
            bad(f"flip-{part}-{at}", f"character {at} changed", flipped(GOOD, at))
    for at in (1, len(PACKED) // 2, len(PACKED) - 1):
        bad(f"flip-packed-{at}", "a compressed token changed", flipped(PACKED, at))
    for length in range(1, len(GOOD), 6):
        reason = "bad_signature" if "." in GOOD[:length] else "malformed"
        refuse(s, f"cut-{length}", f"only the first {length}", reason, GOOD[:length])
    for length in (1, 20, len(PACKED) - 1):
        bad(f"cut-packed-{length}", f"only the first {length}", PACKED[:length])
    for length in (1, 8, len(PAYLOAD), len(PAYLOAD) + 1):
        bad(f"cut-start-{length}", f"without the first {length}", GOOD[length:])

    p, t, g = PAYLOAD, TIMESTAMP, SIGNATURE
    for slug, comment, token in [
        ("swap-payload-timestamp", "payload and timestamp swapped", f"{t}.{p}.{g}"),
        ("swap-payload-signature", "payload and signature swapped", f"{g}.{t}.{p}"),
        ("swap-timestamp-signature", "timestamp and signature swapped", f"{p}.{g}.{t}"),
        ("no-payload", "no payload", f".{t}.{g}"),
        ("no-timestamp", "an empty timestamp", f"{p}..{g}"),
        ("no-timestamp-part", "no timestamp", f"{p}.{g}"),
        ("no-signature", "an empty signature", f"{p}.{t}."),
        ("no-signature-part", "no signature", f"{p}.{t}"),
        ("double-signature", "the signature twice", f"{GOOD}.{g}"),
        ("double-timestamp", "the timestamp twice", f"{p}.{t}.{t}.{g}"),
        ("double-token", "the token twice", GOOD + GOOD),
        ("double-token-dot", "the token twice with a dot", f"{GOOD}.{GOOD}"),
        ("marker", "the marker of zlib put in front", f".{GOOD}"),
        ("marker-gone", "the marker of zlib taken away", PACKED[1:]),
        ("dot-last", "a dot at the end", f"{GOOD}."),
        ("dot-double", "two dots for one", f"{p}..{t}.{g}"),
        ("dot-gone", "the first dot missing", f"{p}{t}.{g}"),
        ("prefix", "a letter in front", f"x{GOOD}"),
        ("prefix-space", "a space behind the first letter", f"{GOOD[0]} {GOOD[1:]}"),
        ("upper", "in capitals", GOOD.upper()),
        ("lower", "in small letters", GOOD.lower()),
        ("reversed", "backwards", GOOD[::-1]),
        ("quoted-open", "a quote that never ends", f'"{GOOD}'),
        ("percent", "partly percent-encoded", quote(GOOD).replace(p[3], f"%{ord(p[3]):02X}")),
        ("payload-nul", "a NUL in the payload", f"{p[:4]}\x00{p[4:]}.{t}.{g}"),
        ("payload-unicode", "a character beyond ASCII", f"é{p}.{t}.{g}"),
        ("payload-emoji", "a character beyond the first plane", f"{p}🍪.{t}.{g}"),
        ("payload-control", "a control character", f"{p}\x7f.{t}.{g}"),
        ("payload-other", "another payload", f"{body('{}')}.{t}.{g}"),
        ("timestamp-other", "a younger timestamp", f"{p}.{flipped(t, 5)}.{g}"),
        ("signature-other", "another token's signature", f"{p}.{t}.{PACKED.split('.')[3]}"),
        ("signature-short", "one byte of the signature", f"{p}.{t}.{g[:2]}"),
        ("signature-longer", "a longer signature", f"{p}.{t}.{g}AAAA"),
        ("signature-zero", "a signature of zeros", f"{p}.{t}.{'A' * 27}"),
        ("separators-1", "one separator", "."),
        ("separators-2", "two separators", ".."),
        ("separators-6", "six separators", "......"),
        ("sealed", "a token of another format", f"v4.local.{p}.{g}"),
    ]:
        bad(slug, comment, token)
    stray = g[:-1] + chr(ord(g[-1]) + 1)
    for slug, comment, token in [
        ("stray-bits", "stray bits at the end of the signature", f"{p}.{t}.{stray}"),
        ("padding", "padding behind the signature", f"{GOOD}="),
        ("spaces", "spaces in the signature", f"{p}.{t}.{g[:9]}    {g[9:]}"),
        ("unicode", "characters beyond ASCII in the signature", f"{p}.{t}.{g[:9]}éé{g[9:]}"),
        ("controls", "control characters in the signature", f"{p}.{t}.{g[:9]}\0\1\2\n{g[9:]}"),
        ("alphabet", "the other base64 alphabet", other_alphabet()),
    ]:
        bad(f"signature-{slug}", comment, token, stricter=True)
    for slug, comment, token in [
        ("letter", "one letter", "a"),
        ("word", "a word", "hello"),
        ("null", "the word null", "null"),
        ("no-dots", "no dots left", GOOD.replace(".", "")),
        ("commas", "commas for dots", GOOD.replace(".", ",")),
        ("percent-all", "percent-encoded dots", GOOD.replace(".", "%2E")),
        ("dashes", "nothing but dashes", "-" * 40),
        ("emoji", "nothing but emoji", "🍪🍪🍪"),
        ("nul", "nothing but a NUL", "\x00"),
        ("json", "the session itself", TEXT),
    ]:
        refuse(s, f"dotless-{slug}", comment, "malformed", token)


def other_alphabet() -> str:
    """A token whose signature has a character that standard base64 writes otherwise."""
    for n in range(100):
        payload, timestamp, signature = PEER.sign(body(f'{{"n":{n}}}')).split(".")
        if "-" in signature or "_" in signature:
            standard = signature.replace("-", "+").replace("_", "/")
            return f"{payload}.{timestamp}.{standard}"
    raise AssertionError("no such signature")


def other_secrets(s: Suite) -> None:
    for slug, comment, keys in [
        ("other", "another key", ["another secret"]),
        ("two-others", "two other keys", ["another secret", "and another"]),
        ("newline", "the key with a newline", [SECRET + "\n"]),
        ("case", "the key in capitals", [SECRET.upper()]),
        ("shorter", "the key without its last character", [SECRET[:-1]]),
        ("hashed-hex", "the key's bytes in hex", [SECRET.encode().hex()]),
        ("letters", "the letters of the key", list(SECRET[:4])),
    ]:
        refuse(s, f"key-{slug}", comment, "bad_signature", GOOD, keys=keys)
    for slug, comment, options in [
        ("salt", "another salt", {"salt": "other-salt"}),
        ("salt-empty", "an empty salt", {"salt": ""}),
        ("sha256", "SHA-256 for SHA-1", {"digest": "sha256"}),
        ("sha512", "SHA-512 for SHA-1", {"digest": "sha512"}),
        ("concat", "another key derivation", {"key_derivation": "concat"}),
        ("django-concat", "Django's key derivation", {"key_derivation": "django-concat"}),
        ("no-derivation", "no key derivation", {"key_derivation": "none"}),
    ]:
        refuse(s, f"option-{slug}", comment, "bad_signature", GOOD, options=options)
        token = Peer([SECRET], options).sign(body(TEXT))
        refuse(s, f"option-{slug}-reversed", f"{comment}, reversed", "bad_signature", token)


def timestamps(s: Suite) -> None:
    def stamped(slug: str, comment: str, stamp: str, lenient: bool = False) -> None:
        token = PEER.sign_untimed(f"{body(TEXT)}.{stamp}")
        refuse(s, f"timestamp-{slug}", comment, "malformed", token, stricter=lenient)

    token = PEER.sign_untimed(body(TEXT))
    refuse(s, "timestamp-missing", "signed without a timestamp", "malformed", token)
    stamped("9-bytes", "nine bytes", body(b"\x01" * 9))
    stamped("9-bytes-zero", "nine bytes, the first zero", body(b"\x00" + b"\x01" * 8))
    stamped("30-bytes", "thirty bytes", body(b"\x01" * 30))
    stamped("one-character", "one character", "A")
    stamped("five-characters", "five characters", "AAAAA")
    stamped("garbage", "not base64url", "!!!!", lenient=True)
    stamped("spaces", "spaces inside", f"{TIMESTAMP[:3]}    {TIMESTAMP[3:]}", lenient=True)
    stamped("padding", "padding", f"{TIMESTAMP}==", lenient=True)
    stamped("unicode", "characters beyond ASCII", f"{TIMESTAMP}éé", lenient=True)
    stray = TIMESTAMP[:-1] + chr(ord(TIMESTAMP[-1]) + 1)
    stamped("stray-bits", "stray bits at the end", stray, lenient=True)


def ages(s: Suite) -> None:
    def aged(
        slug: str,
        comment: str,
        expect: str,
        issued: int,
        policy: dict[str, int],
        now_ms: int = NOW * 1000,
        text: str = TEXT,
    ) -> None:
        token = PEER.sign(body(text), issued)
        refuse(s, f"age-{slug}", comment, expect, token, policy=policy, now_ms=now_ms)

    late, early = "expired", "not_yet_valid"
    week = {"idle_s": 7 * 86_400}
    aged("1-second", "a second too old", late, NOW - 3601, HOUR)
    aged(
        "1-second-fraction", "a second and a bit too old", late, NOW - 3601, HOUR, NOW * 1000 + 999
    )
    aged("skew", "skew does not prolong", late, NOW - 3601, SKEWED)
    aged("minute", "a minute too old", late, NOW - 3660, HOUR)
    aged("week", "a week and a second", late, NOW - 7 * 86_400 - 1, week)
    aged("31-days", "31 days and a second", late, NOW - 31 * 86_400 - 1, {"idle_s": 31 * 86_400})
    aged("years", "ten years old", late, NOW - 10 * YEAR, HOUR)
    aged("short-idle", "of a lifetime of a second", late, NOW - 2, {"idle_s": 1})
    aged("zero", "issued at time 0", late, 0, HOUR)
    aged("itsdangerous-epoch", "issued before the old epoch of 2011", late, 1_000_000, HOUR)
    aged("before-payload", "expired before the payload is read", late, NOW - 3601, HOUR, text="{")
    aged("before-top", "expired before its kind is seen", late, NOW - 3601, HOUR, text="[]")
    aged("future-61", "61 s ahead with a skew of 60", early, NOW + 61, SKEWED)
    aged("future-61-fraction", "a bit less", early, NOW + 61, SKEWED, NOW * 1000 + 999)
    aged("future-1", "a second ahead without skew", early, NOW + 1, HOUR)
    aged("future-day", "a day ahead", early, NOW + 86_400, SKEWED)
    aged("future-years", "ten years ahead", early, NOW + 10 * YEAR, SKEWED)
    aged("future-32-bits", "2^32", early, 2**32, SKEWED)
    aged("future-53-bits", "2^53", early, 2**53, SKEWED)
    aged("future-63-bits", "the largest signed number", early, 2**63 - 1, SKEWED)
    aged("future-64-bits", "the largest number, -1 where it is signed", early, 2**64 - 1, SKEWED)
    aged("future-negative", "the smallest signed number", early, 2**63, SKEWED)
    aged(
        "future-before-payload",
        "early before the payload is read",
        early,
        NOW + 61,
        SKEWED,
        text="{",
    )


def encodings(s: Suite) -> None:
    def coded(slug: str, comment: str, part: str, lenient: bool = True) -> None:
        token = PEER.sign(part)
        refuse(s, f"base64-{slug}", comment, "malformed", token, stricter=lenient)

    code = body('{"a":"ÿÿÿ>>>"}')
    coded("empty", "a signed empty payload", "", lenient=False)
    coded("one-character", "one character", "A", lenient=False)
    coded("length", "a length that base64 never has", body('{"a":12}') + "AA", lenient=False)
    coded("padding", "padding", body('{"a":1}') + "==")
    coded("stray-bits", "stray bits at the end", body('{"a":1}')[:-1] + "R")
    coded("spaces", "spaces inside", f"{code[:4]}    {code[4:]}")
    coded("garbage", "signs inside", f"{code[:4]}!*{code[4:]}")
    coded("unicode", "a character beyond ASCII", f"{code[:4]}é{code[4:]}")
    coded("controls", "control characters", f"{code[:4]}\x02\x03\x04\x7f{code[4:]}")
    standard = base64.b64encode('{"a":"ÿÿÿ>>>"}'.encode()).decode().rstrip("=")
    assert standard != code
    coded("alphabet", "the other base64 alphabet", standard)
    coded("plain", "JSON without base64", TEXT, lenient=False)
    coded("hex", "hex for base64", TEXT.encode().hex(), lenient=False)
    coded("dot", "a dot inside", f"{code[:4]}.{code[4:]}", lenient=False)
    coded("twice", "base64 of base64", body(code), lenient=False)
    coded("token", "a token inside a token", GOOD, lenient=False)


def compressed(s: Suite) -> None:
    text = b'{"a":"' + b"x" * 99 + b'"}'
    whole = zlib.compress(text)
    raw = zlib.compressobj(wbits=-15)
    preset = zlib.compressobj(zdict=b"xxxxxxxx")

    def stream(
        slug: str, comment: str, data: bytes, expect: str = "malformed", lenient: bool = False
    ) -> None:
        token = PEER.sign("." + body(data))
        refuse(s, f"zlib-{slug}", comment, expect, token, stricter=lenient)

    stream("empty", "nothing to inflate", b"")
    for length in (1, 2, 5, len(whole) - 4, len(whole) - 1):
        stream(f"cut-{length}", f"the first {length} bytes of {len(whole)}", whole[:length])
    stream("trailing", "a byte after the end", whole + b"\x00", lenient=True)
    stream("trailing-stream", "two streams", whole + whole, lenient=True)
    stream("checksum", "a wrong checksum", whole[:-1] + bytes([whole[-1] ^ 1]))
    stream("header", "a wrong header", b"\x79" + whole[1:])
    stream("block-type", "an unknown kind of block", whole[:2] + b"\x07" + whole[3:])
    stream("raw", "deflate without a header", raw.compress(text) + raw.flush())
    stream("gzip", "gzip", gzip.compress(text, mtime=0))
    stream("dictionary", "a preset dictionary", preset.compress(text) + preset.flush())
    stream("plain", "the marker over plain JSON", TEXT.encode())
    stream("zeros", "the marker over zeros", bytes(64))
    stream("twice", "compressed twice", zlib.compress(whole))
    stream("bad-json", "bad JSON inside", zlib.compress(b"{'a':1}"))
    stream("bad-utf8", "bad UTF-8 inside", zlib.compress(b'{"a":"\xff"}'))
    stream("only-empty", "no text inside", zlib.compress(b""))
    stream("array", "an array inside", zlib.compress(b"[1,2]"), "not_an_object")
    refuse(s, "zlib-unmarked", "no marker in front", "malformed", PEER.sign(body(whole)))
    bad = PEER.sign(".%%%" + body(whole))
    refuse(s, "zlib-base64", "signs inside", "malformed", bad, stricter=True)

    over = b'{"a":"' + b"x" * (262_145 - 8) + b'"}'
    million, ten = 1_000_000, 10_000_000
    huge = "too_large"
    stream("bomb-1-byte", "a byte more than we inflate", zlib.compress(over, 9), huge, lenient=True)
    stream("bomb-zeros", "10 MB of zeros", zlib.compress(bytes(ten), 9), huge)
    stream(
        "bomb-spaces", "10 MB of spaces", zlib.compress(b" " * ten + b"{}", 9), huge, lenient=True
    )
    text = b'{"a":"' + b"x" * ten + b'"}'
    stream("bomb-string", "a string of 10 MB", zlib.compress(text, 9), huge, lenient=True)
    text = b"[" * million
    stream("bomb-arrays", "a million arrays", zlib.compress(text, 9), huge)
    text = b'{"a":[' + b"1," * million + b"1]}"
    stream("bomb-numbers", "a million numbers", zlib.compress(text, 9), huge, lenient=True)


def limits(s: Suite) -> None:
    def deep(slug: str, comment: str, text: str, lenient: bool) -> None:
        token = PEER.sign(packed(text))
        refuse(s, f"deep-{slug}", comment, "too_large", token, stricter=lenient)

    arrays = '{"a":' + "[" * 200 + "]" * 200 + "}"
    signed(s, "deep-201", "201 levels", "too_large", arrays, stricter=True)
    objects = '{"a":' * 201 + "1" + "}" * 201
    signed(s, "deep-201-objects", "201 levels of objects", "too_large", objects, stricter=True)
    tuples = '{"a":' + '{" t":[' * 100 + "]}" * 100 + "}"
    signed(s, "deep-201-tuples", "100 tuples are 200 levels", "too_large", tuples, stricter=True)
    deep("1000", "1000 levels", '{"a":' + "[" * 999 + "]" * 999 + "}", lenient=False)
    plain = '{"a":' + "[" * 5000 + "]" * 5000 + "}"
    signed(s, "deep-5001", "5001 levels", "too_large", plain)
    deep("100000", "100000 levels", '{"a":' + "[" * 99_999 + "]" * 99_999 + "}", lenient=False)
    deep(
        "100000-objects", "objects 40000 deep", '{"a":' * 40_000 + "1" + "}" * 40_000, lenient=False
    )
    deep("unclosed", "100000 levels never closed", '{"a":' + "[" * 100_000, lenient=False)

    sha512 = {"digest": "sha512"}
    text = json.dumps({"a": "x" * 12_210}, separators=(",", ":"))
    token = Peer([SECRET], sha512).sign(body(text))
    assert len(token) == 16_385
    refuse(
        s,
        "long-signed",
        "a signed value of 16385 bytes",
        "too_large",
        token,
        options=sha512,
        stricter=True,
    )
    for slug, comment, value in [
        ("16385", "16385 bytes", repeated("", "A", 16_385)),
        ("dots", "20000 dots", repeated("", ".", 20_000)),
        ("megabyte", "1 MB", repeated("", "A", 1_000_000)),
        ("megabyte-signed", "1 MB with a signature", repeated("", "A", 1_000_000, f".{SIGNATURE}")),
        ("bytes", "16386 bytes in 8193 characters", repeated("", "é", 8193)),
    ]:
        refuse(s, f"long-{slug}", comment, "too_large", value)


def duplicates(s: Suite) -> None:
    bad = [flipped(GOOD, n) for n in range(6)]
    old = PEER.sign(body(TEXT), NOW - 9999)
    large = repeated("", "A", 16_385)
    for n in (2, 3, 4):
        comment = f"{n} values, all bad"
        refuse(s, f"duplicates-{n}", comment, "bad_signature", *bad[:n])
    refuse(s, "duplicates-first", "the first gives the reason", "malformed", "x", *bad[:2])
    refuse(s, "duplicates-age", "the first is old", "expired", old, bad[0], policy=HOUR)
    refuse(s, "duplicates-large", "the first is too large", "too_large", large, bad[0])
    for n in (5, 6):
        refuse(s, f"duplicates-{n}", f"{n} values, all bad", "too_many", *bad[:n])
    many = [f"x{n}" for n in range(60)]
    refuse(s, "duplicates-60", "60 values", "too_many", *many)
    comment = "the fifth would open"
    refuse(s, "duplicates-fifth", comment, "too_many", *bad[:4], GOOD, stricter=True)
