"""The command line, read by argparse as the core's table of verbs says."""

from __future__ import annotations

import json
from argparse import ArgumentError, ArgumentParser
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .. import _core


class Misuse(Exception):
    """The command line is none; the core says why."""


@dataclass
class Command:
    """A verb with its options; the argument has the empty name, and a flag an empty value."""

    verb: str
    options: dict[str, str] = field(default_factory=dict)
    help: str | None = None
    known: frozenset[str] = frozenset()

    def option(self, name: str) -> str | None:
        """Its value, if it was given."""
        return self.options.get(name)

    def has_any(self, *names: str) -> bool:
        """Whether one of them was given."""
        return any(name in self.options for name in names)

    def takes(self, name: str) -> bool:
        """Whether the verb has such an option."""
        return name in self.known


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Misuse(message)


def parse(given: list[str]) -> Command:
    """Raises ``Misuse`` for what is no command."""
    table: list[dict[str, Any]] = json.loads(_core.tool_table())["verbs"]
    verbs = {entry["verb"]: entry for entry in table}
    name = next((name for name in (" ".join(given[:2]), *given[:1]) if name in verbs), None)
    rest = given[len(name.split()) :] if name else given
    before = rest[: rest.index("--")] if "--" in rest else rest
    if "--help" in before or "-h" in before or not given:
        return Command(name or "", help=name or "")
    if name is None:
        raise Misuse(name)
    return _parsed(verbs[name], rest)


def _parsed(verb: dict[str, Any], rest: list[str]) -> Command:
    parser = _Parser(prog="shortcrust", allow_abbrev=False, add_help=False, exit_on_error=False)
    names = {option["name"]: option["value"] for option in verb["options"]}
    for name, value in names.items():
        kind: Any = {"action": "store_const", "const": ""} if value is None else {}
        parser.add_argument(f"--{name}", dest=name, **kind)
    if verb["argument"]:
        parser.add_argument("argument", nargs="?")
    try:
        found = vars(parser.parse_intermixed_args(rest))
    except (ArgumentError, TypeError) as error:
        raise Misuse(str(error)) from None
    options = {name: found[name] for name in names if found[name] is not None}
    if found.get("argument") is not None:
        options[""] = found["argument"]
    return Command(verb["verb"], options, known=frozenset(names))
