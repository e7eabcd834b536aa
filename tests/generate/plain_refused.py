"""Cookies that do not open, alike in both formats of plain JSON."""

from __future__ import annotations

from typing import Any

from flask_refused import BAD_JSON, HOUR, NOT_OBJECTS, SKEWED, YEAR
from plain_peer import NOW, SECRET, Maker
from suite import flipped, repeated

DATA = {"user": 42}
# The grammar is the same for every format: some of Flask's cases, and all that depend on bytes.
JSON = {
    "empty",
    "spaces",
    "unclosed",
    "unclosed-string",
    "trailing-comma",
    "key-number",
    "single-quotes",
    "trailing-garbage",
    "literal-none",
    "number-leading-zero",
    "escape-unknown",
    "control-nul",
    "space-no-break",
    "pickle",
}
JSON_BYTES = ("bom", "utf")


def add(m: Maker) -> None:
    absent(m)
    tampered(m)
    other_secrets(m)
    ages(m)
    encodings(m)
    for slug, comment, text in BAD_JSON:
        if slug in JSON or slug.startswith(JSON_BYTES):
            m.refuse_text(f"json-{slug}", comment, "malformed", text)
    for slug, top in NOT_OBJECTS:
        if not top.startswith("{"):
            m.refuse_text(f"top-{slug}", f"a {slug} instead of a session", "not_an_object", top)
    limits(m)
    duplicates(m)


def absent(m: Maker) -> None:
    name, good = m.library.cookie, m.peer.seal(DATA)
    for slug, comment, header in [
        ("header-empty", "no header", ""),
        ("others", "only other cookies", "theme=dark; lang=en"),
        ("empty", "an empty value", f"{name}="),
        ("case", "the name in capitals", f"{name.upper()}={good}"),
        ("name-longer", "a longer name", f"{name}2={good}"),
    ]:
        m.refuse(f"absent-{slug}", comment, "no_cookie", header=header)


def tampered(m: Maker) -> None:
    good, sep = m.peer.seal(DATA), m.library.separator
    p, t, g = good.split(sep)

    def bad(slug: str, comment: str, token: str) -> None:
        m.refuse(slug, comment, "bad_signature", token)

    for at in (0, len(p) - 1, len(p) + 3, len(good) - len(g), len(good) - 9, len(good) - 1):
        bad(f"flip-{at}", f"character {at} changed", flipped(good, at))
    for length in (1, len(p), len(p) + 1, len(p) + 4, len(good) - len(g), len(good) - 1):
        reason = "bad_signature" if sep in good[:length] else "malformed"
        m.refuse(f"cut-{length}", f"only the first {length}", reason, good[:length])
    for slug, comment, parts in [
        ("swap-payload-timestamp", "payload and timestamp swapped", [t, p, g]),
        ("swap-timestamp-signature", "timestamp and signature swapped", [p, g, t]),
        ("no-payload", "no payload", ["", t, g]),
        ("no-timestamp", "an empty timestamp", [p, "", g]),
        ("no-timestamp-part", "no timestamp", [p, g]),
        ("no-signature", "an empty signature", [p, t, ""]),
        ("no-signature-part", "no signature", [p, t]),
        ("double-signature", "the signature twice", [p, t, g, g]),
        ("double-timestamp", "the timestamp twice", [p, t, t, g]),
        ("double-token", "the token twice", [good, good]),
        ("separator-last", "a separator at the end", [p, t, g, ""]),
        ("separator-gone", "the first separator missing", [p + t, g]),
        ("prefix", "a letter in front", ["x" + p, t, g]),
        ("unicode", "a character beyond ASCII", [p + "é", t, g]),
        ("payload-other", "another payload", [m.peer.body("{}"), t, g]),
        ("timestamp-other", "another timestamp", [p, flipped(t, 4), g]),
        ("signature-other", "another token's signature", [p, t, m.peer.seal({}).split(sep)[2]]),
        ("signature-one", "one byte of the signature", [p, t, g[:2]]),
        ("signature-longer", "a longer signature", [p, t, g + "AAAA"]),
        ("signature-zero", "a signature of zeros", [p, t, "A" * len(g)]),
        ("signature-stray-bits", "stray bits at its end", [p, t, g[:-1] + chr(ord(g[-1]) + 1)]),
        ("signature-padding", "padding behind the signature", [p, t, g + "="]),
        ("signature-spaces", "spaces in the signature", [p, t, f"{g[:9]}    {g[9:]}"]),
        ("signature-unicode", "characters beyond ASCII in it", [p, t, f"{g[:9]}éé{g[9:]}"]),
        ("separators-1", "nothing but a separator", ["", ""]),
        ("separators-2", "nothing but two separators", ["", "", ""]),
    ]:
        bad(slug, comment, sep.join(parts))
    bad("signature-alphabet", "the other base64 alphabet", other_alphabet(m))
    for slug, comment, token in [
        ("word", "a word", "hello"),
        ("null", "the word null, with which Starlette deletes", "null"),
        ("gone", "no separators left", good.replace(sep, "")),
        ("other", "another separator", good.replace(sep, "~")),
        ("percent", "percent-encoded separators", good.replace(sep, f"%{ord(sep):X}")),
    ]:
        m.refuse(f"unseparated-{slug}", comment, "malformed", token)


def other_alphabet(m: Maker) -> str:
    """A token whose signature has a character that standard base64 writes otherwise."""
    for n in range(100):
        parts = m.peer.seal({"n": n}).split(m.library.separator)
        signature = parts[2].replace("-", "+").replace("_", "/")
        if signature != parts[2]:
            return m.library.separator.join([*parts[:2], signature])
    raise AssertionError("no such signature")


def other_secrets(m: Maker) -> None:
    good = m.peer.seal(DATA)
    for slug, comment, keys in [
        ("two-others", "two other keys", ["another secret", "and another"]),
        ("newline", "the key with a newline", [SECRET + "\n"]),
        ("case", "the key in capitals", [SECRET.upper()]),
        ("shorter", "the key without its last character", [SECRET[:-1]]),
    ]:
        m.refuse(f"key-{slug}", comment, "bad_signature", good, keys=keys)


def ages(m: Maker) -> None:
    now_ms = NOW * 1000
    late, early = "expired", "not_yet_valid"
    text = m.peer.text(DATA)
    for slug, comment, expect, payload, issued, policy in [
        ("1-second", "a second too old", late, text, NOW - 3601, HOUR),
        ("skew", "skew does not prolong", late, text, NOW - 3601, SKEWED),
        ("years", "ten years old", late, text, NOW - 10 * YEAR, HOUR),
        ("short-idle", "of a lifetime of a second", late, text, NOW - 2, {"idle_s": 1}),
        ("zero", "issued at time 0", late, text, 0, HOUR),
        ("before-payload", "expired before the payload is read", late, "{", NOW - 3601, HOUR),
        ("before-top", "expired before its kind is seen", late, "[]", NOW - 3601, HOUR),
        ("future-1", "a second ahead without skew", early, text, NOW + 1, HOUR),
        ("future-61", "61 s ahead with a skew of 60", early, text, NOW + 61, SKEWED),
        ("future-53-bits", "2^53", early, text, 2**53, SKEWED),
        ("future-63-bits", "the largest signed number", early, text, 2**63 - 1, SKEWED),
        ("future-before-payload", "early before the payload", early, "{", NOW + 61, SKEWED),
    ]:
        token = m.peer.sign(m.peer.body(payload), issued)
        m.refuse(f"age-{slug}", comment, expect, token, policy=policy, now_ms=now_ms)


def encodings(m: Maker) -> None:
    code = m.peer.body('{"aaa":">>>???"}')
    other = code.translate(str.maketrans("+/-_", "-_+/"))
    assert other != code
    for slug, comment, part in [
        ("empty", "a signed empty payload", ""),
        ("one-character", "one character", "A"),
        ("length", "a length that base64 never has", m.peer.body('{"a":123}') + "A"),
        ("padding-extra", "padding for no need", m.peer.body('{"a":123}') + "="),
        ("stray-bits", "stray bits at the end", m.peer.body('{"a":1}').replace("Q", "R")),
        ("spaces", "spaces inside", f"{code[:4]}    {code[4:]}"),
        ("garbage", "signs inside", f"{code[:4]}!*{code[4:]}"),
        ("separator", "a separator inside", f"{code[:4]}{m.library.separator}{code[4:]}"),
        ("unicode", "characters beyond ASCII", f"{code[:4]}éé{code[4:]}"),
        ("controls", "control characters", f"{code[:4]}\x02\x03\x04\x7f{code[4:]}"),
        ("alphabet", "the other base64 alphabet", other),
        ("plain", "JSON without base64", m.peer.text(DATA)),
        ("hex", "hex for base64", m.peer.text(DATA).encode().hex()),
        ("twice", "base64 of base64", m.peer.body(code)),
        ("token", "a token inside a token", m.peer.seal(DATA)),
    ]:
        m.refuse(f"base64-{slug}", comment, "malformed", m.peer.sign(part))


def limits(m: Maker) -> None:
    for slug, comment, text in [
        ("201", "201 levels", '{"a":' + "[" * 200 + "]" * 200 + "}"),
        ("201-objects", "201 levels of objects", '{"a":' * 201 + "1" + "}" * 201),
        ("201-untagged", "what would be tags", '{" t":[' * 101 + "]}" * 101),
        ("5001", "5001 levels", '{"a":' + "[" * 5000 + "]" * 5000 + "}"),
    ]:
        m.refuse_text(f"deep-{slug}", comment, "too_large", text)
    for slug, comment, value in [
        ("16385", "16385 bytes", repeated("", "A", 16_385)),
        ("separators", "20000 separators", repeated("", m.library.separator, 20_000)),
        ("bytes", "16386 bytes in 8193 characters", repeated("", "é", 8193)),
    ]:
        m.refuse(f"long-{slug}", comment, "too_large", value)


def duplicates(m: Maker) -> None:
    good = m.peer.seal(DATA)
    bad = [flipped(good, n) for n in range(5)]
    old = m.peer.seal(DATA, NOW - 9999)
    large = repeated("", "A", 16_385)
    cases: list[tuple[str, str, str, list[str | dict[str, Any]]]] = [
        ("4", "four values, all bad", "bad_signature", [*bad[:4]]),
        ("5", "five values, all bad", "too_many", [*bad]),
        ("first", "the first gives the reason", "malformed", ["x", *bad[:2]]),
        ("large", "the first is too large", "too_large", [large, bad[0]]),
        ("fifth", "the fifth would open", "too_many", [*bad[:4], good]),
    ]
    for slug, comment, expect, values in cases:
        m.refuse(f"duplicates-{slug}", comment, expect, *values)
    m.refuse("duplicates-age", "the first is old", "expired", old, bad[0], policy=HOUR)
