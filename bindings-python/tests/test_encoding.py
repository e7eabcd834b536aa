"""The native encoder and decoder against Flask's own, for random documents."""

from __future__ import annotations

import enum
import math
import uuid
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from conftest import SECRET
from flask.json.tag import TaggedJSONSerializer
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from shortcrust import ambient
from shortcrust._core import Codec, Engine
from shortcrust._options import PolicyOptions

NEVER: PolicyOptions = {
    "idle": None,
    "absolute": None,
    "renew_after": None,
    "skew": None,
    "persistent": False,
}
ENGINE = Engine(
    {
        "name": "s",
        "secrets": [SECRET],
        "format": {"format": "flask"},
        "policy": NEVER,
        "duplicates": "first",
        "drop_in": True,
    }
)
CODEC = Codec({"format": "flask"}, [SECRET])
PEER = TaggedJSONSerializer()


class FellBack(Exception):
    """The native encoder gave the document away."""


def no_fallback(data: object) -> str:
    raise FellBack


def encode(data: dict[str, Any], sort_keys: bool = False, ensure_ascii: bool = True) -> str:
    """The payload that is sealed; without the peer's help."""
    sealed = ENGINE.seal(
        None, data, True, True, 0, ambient.entropy, no_fallback, sort_keys, ensure_ascii
    )
    return CODEC.open(f"s={sealed}", "s", 0, NEVER)


def decode(payload: str) -> Any:
    token = CODEC.seal(payload, "s", 0, NEVER, ambient.entropy)
    session, data = ENGINE.open(f"s={token}", 0)
    assert session.reason is None
    return data


def same(a: object, b: object) -> bool:
    """Equal in type too, with NaN equal to itself."""
    return repr(a) == repr(b)


names = st.sampled_from([" t", " b", " d", " di", " m", " u", " t__", "_permanent", "", "é"])
texts = st.text(st.characters(), max_size=12)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**90), 2**90),
    st.floats(),
    texts,
    st.binary(max_size=12),
    st.uuids(),
    texts.map(Markup),
    # Python's own reader takes a year below 100 for one of the last or of this century.
    st.datetimes(datetime(100, 1, 1), timezones=st.just(timezone.utc)).map(
        lambda at: at.replace(microsecond=0, fold=0)
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(names | texts, inner, max_size=4),
    ),
    max_leaves=12,
)
documents = st.dictionaries(names | texts, values, max_size=6)


@given(documents)
def test_a_document_comes_back_as_it_was(data: dict[str, Any]) -> None:
    assert same(decode(encode(data)), data)


@given(documents)
def test_the_text_is_flasks_own(data: dict[str, Any]) -> None:
    assert encode(data) == PEER.dumps(data)


@given(st.dictionaries(texts, st.dictionaries(texts, scalars, max_size=4), max_size=4))
def test_sorted_keys_are_sorted_as_python_sorts(data: dict[str, Any]) -> None:
    def sort(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sort(value[key]) for key in sorted(value)}
        return value

    assert encode(data, sort_keys=True) == PEER.dumps(sort(data))


@given(documents)
def test_what_is_decoded_is_what_flask_decodes(data: dict[str, Any]) -> None:
    text = PEER.dumps(data)
    assert same(decode(text), PEER.loads(text))


@given(documents, st.booleans())
def test_unescaped_text_reads_the_same(data: dict[str, Any], sort_keys: bool) -> None:
    try:
        text = encode(data, sort_keys, ensure_ascii=False)
    except FellBack:
        assert "\\ud" in encode(data)
        return
    assert text.isascii() or text != encode(data)
    read = decode(text)
    assert read == data or "nan" in repr(read)


class Shade(enum.IntEnum):
    DARK = 1


class Word(str):
    __slots__ = ()


class Pair(NamedTuple):
    a: int
    b: int


@pytest.mark.parametrize(
    "value",
    [
        Shade.DARK,
        Word("x"),
        Pair(1, 2),
        OrderedDict(a=1),
        {1: 2},
        {None: 1},
        Decimal("1.5"),
        {"x": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))},
        type("Html", (), {"__html__": lambda self: "x"})(),
        10**5000,
        object(),
        datetime(2026, 1, 1).date(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_known_exactly_is_given_to_the_peer_whole(value: Any) -> None:
    given: list[Any] = []

    def fallback(data: Any) -> str:
        given.append(data)
        return '{"from":"peer"}'

    data = {"before": (1, 2), "value": value}
    token = ENGINE.seal(None, data, True, True, 0, ambient.entropy, fallback, False, True)
    assert given == [data]
    assert CODEC.open(f"s={token}", "s", 0, NEVER) == '{"from":"peer"}'


def test_the_peer_is_not_called_for_what_is_known() -> None:
    zone = ZoneInfo("Europe/Berlin")
    data = {"n": [1, -1, 2**70], "at": datetime(2026, 7, 1, tzinfo=zone), "id": uuid.UUID(int=7)}
    assert encode(data) == PEER.dumps(data)


def test_depth_that_no_reader_takes_is_given_to_the_peer() -> None:
    data: dict[str, Any] = {}
    for _ in range(250):
        data = {"a": data}
    with pytest.raises(FellBack):
        encode(data)


def test_a_document_that_contains_itself_ends() -> None:
    data: dict[str, Any] = {"list": []}
    data["list"].append(data)
    with pytest.raises(FellBack):
        encode(data)


def test_dates_at_the_ends_of_the_calendar_are_flasks_own() -> None:
    ends = [datetime.min, datetime.max, datetime(1969, 12, 31, 23, 59, 59, 999_999)]
    assert encode({"ends": ends}) == PEER.dumps({"ends": ends})


@pytest.mark.parametrize(
    "text", ["yesterday", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 -0500", ""]
)
def test_a_date_in_another_spelling_is_read_as_werkzeug_reads_it(text: str) -> None:
    payload = f'{{"at":{{" d":"{text}"}}}}'
    assert same(decode(payload), PEER.loads(payload))


def test_numbers_are_spelled_as_python_spells_them() -> None:
    numbers = [0.1 + 0.2, 1e16, 1e-7, 5e-324, math.pi, -0.0, 1e400, -1e400, float("nan"), 2**63]
    assert encode({"n": numbers}) == PEER.dumps({"n": numbers})
