"""Cookies of one name: how many came, and where they may lie."""

from __future__ import annotations

import re
from itertools import takewhile

# What needs no escape in a Set-Cookie.
_FOLDER = re.compile(r"[A-Za-z0-9._~-]+")
_MOST_FOLDERS = 3


def count_of(header: str, name: str) -> int:
    """How many cookies of the name came."""
    return sum(pair.partition("=")[0].strip() == name for pair in header.split(";"))


def places_elsewhere(domain: str | None, path: str, asked: str) -> list[tuple[str | None, str]]:
    """Where a cookie may lie that came beside the one with this ``Domain`` and ``Path``.

    Browsers do not say. It is the folder of the path that was asked for, or one above it (RFC 6265,
    section 5.1.4), with the ``Domain`` or from before there was one.
    """
    folders = list(takewhile(_FOLDER.fullmatch, asked.split("/")[1:-1]))[:_MOST_FOLDERS]
    above = ["/" + "/".join(folders[:depth]) for depth in range(len(folders) + 1)]
    domains = [domain, None] if domain else [None]
    places = dict.fromkeys((on, at) for at in (path, *above) for on in domains)
    places.pop((domain or None, path))
    return list(places)
