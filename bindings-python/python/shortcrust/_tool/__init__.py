"""The command-line tool. What it knows is in the core; here it is fed and printed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .. import _core, ambient
from .arguments import Command, Misuse, parse
from .inputs import Missing, secrets, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core import ToolAnswer, ToolCall


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and says how the process is to end: 0, 1 or 2."""
    given = [_clean(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    try:
        out, err, code = _answer(given)
    except KeyboardInterrupt:
        return 130
    _write(sys.stderr, err)
    _write(sys.stdout, out)
    return code


def _answer(given: list[str]) -> ToolAnswer:
    if given[:1] in (["--version"], ["version"]):
        return f"shortcrust {_core.VERSION}\n", "", 0
    try:
        command = parse(given)
        if command.help is not None:
            return _core.tool_help(command.help), "", 0
        return _run(command)
    except Misuse:
        return _core.tool_misuse(given)
    except Missing as error:
        return "", f"shortcrust: {error}\n", 2


def _run(command: Command) -> ToolAnswer:
    argument = command.option("")
    if argument == "-":
        command.options[""] = text_of(sys.stdin.buffer.read())
    call = _call(command)
    if command.verb in ("sweep", "sessions list", "sessions revoke"):
        from .stored import run_stored  # noqa: PLC0415 - other verbs need no store's client

        return run_stored(command, call)
    if command.verb == "doctor":
        from .doctor import run_doctor  # noqa: PLC0415 - nor a client of HTTP

        return run_doctor(command, call)
    return _core.tool_run(call, ambient.entropy)


def _call(command: Command) -> ToolCall:
    new = "to-" if command.has_any("to-secret-file", "to-secret-env") else None
    return {
        "verb": command.verb,
        "options": list(command.options.items()),
        "secrets": secrets(command, "") if command.takes("secret-env") else None,
        "new_secrets": None if new is None else secrets(command, new),
        "now_ms": ambient.now_ms(),
        "terminal": _wants_colors(),
    }


def _wants_colors() -> bool:
    """https://no-color.org: a terminal does, unless its user has said no."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not is_plain


def _clean(word: str) -> str:
    """What is no UTF-8 in the command line is no cookie either."""
    return word.encode(errors="surrogateescape").decode(errors="replace")


def _write(stream: object, text: str) -> None:
    """UTF-8, whatever the locale is; a reader that has gone is no failure."""
    if not text:
        return
    try:
        buffer = getattr(stream, "buffer", None)
        if buffer is None:
            stream.write(text)  # type: ignore[attr-defined]
        else:
            buffer.write(text.encode())
        stream.flush()  # type: ignore[attr-defined]
    except BrokenPipeError:
        # Python would complain again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
