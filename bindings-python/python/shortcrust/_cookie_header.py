"""What a front does to the Cookie header before the core reads it."""

from __future__ import annotations


def unquoted(header: str, name: str) -> str:
    """Takes the quotes off the values of ``name``, as every framework's own parser does.

    Clients of RFC 2109 put them there. The core takes a header as it is.
    """
    if '"' not in header:
        return header
    return ";".join(_unquoted(pair, name) for pair in header.split(";"))


def _unquoted(pair: str, name: str) -> str:
    key, _, value = pair.partition("=")
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return f"{key}={value[1:-1]}" if is_quoted and key.strip() == name else pair
