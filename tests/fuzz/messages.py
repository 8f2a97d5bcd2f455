"""ASGI messages as fuzzed applications send them: right, nearly right, and nothing of the kind.

This file knows what stands in a message. It refuses to know in which order messages may come and
what becomes of them. Its one rule: the first choice of each part is the right one, so that short
inputs make good applications.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tests.fuzz.targets.response_fields import headers

if TYPE_CHECKING:
    from tests.fuzz.choices import Choices

__all__ = [
    "ABSENT",
    "BODY",
    "END",
    "FILE",
    "HINT",
    "PATH",
    "START",
    "TRAILERS",
    "content",
    "message",
]

FILE = Path(__file__)
"""A file to send: this one."""

START, BODY, END, TRAILERS, HINT, PATH = range(6)

ABSENT = object()
STATUSES = (200, 404, 204, 205, 304, 100, 103, 99, 1000, "200", None, True, 200.5, ABSENT)
PARTS = (b"part", b"", bytes(20_000), bytearray(b"part"), memoryview(b"part"), "part", None, ABSENT)
MORE = (True, ABSENT, False, 1, "", None)
LENGTHS = (None, b"4", b"8", b"0", b"20004", b"x", b"+4")
LINKS: tuple[object, ...] = (
    [b"</a>; rel=preload"],
    [],
    ["</a>"],
    [b"a\r\nb"],
    b"ab",
    None,
    7,
    ABSENT,
)
PATHS = (str(FILE), "/nowhere/at/all", str(FILE.parent), "", "a\0b", None, 7, ABSENT)
OTHERS: tuple[object, ...] = (
    {"type": "http.response.push"},
    {"type": "http.disconnect"},
    {"type": None},
    {"type": []},
    {},
    None,
    "http.response.body",
    7,
)


def message(choices: Choices) -> dict[str, Any]:
    """The next message, whatever the annotation says."""
    kind = choices.below(8)
    if kind == START:
        return _start(choices)
    if kind in (BODY, END):
        more = choices.pick(MORE) if kind == BODY else ABSENT
        return _made("http.response.body", body=choices.pick(PARTS), more_body=more)
    if kind == TRAILERS:
        fields = headers(choices, choices.below(4))
        return _made("http.response.trailers", headers=fields, more_trailers=choices.pick(MORE[1:]))
    if kind == HINT:
        return _made("http.response.early_hint", links=choices.pick(LINKS))
    if kind == PATH:
        return _made("http.response.pathsend", path=choices.pick(PATHS))
    return cast("dict[str, Any]", choices.pick(OTHERS))


def _start(choices: Choices) -> dict[str, Any]:
    status, length = choices.pick(STATUSES), choices.pick(LENGTHS)
    fields = [] if length is None else [(b"content-length", length)]
    fields += headers(choices, choices.below(4))
    given = choices.pick((fields, ABSENT, None, 7, iter(fields)) if fields else (ABSENT, fields))
    announced = choices.pick((ABSENT, True, False, 1))
    return _made("http.response.start", status=status, headers=given, trailers=announced)


def _made(kind: str, **parts: object) -> dict[str, Any]:
    given = {name: part for name, part in parts.items() if part is not ABSENT}
    return {"type": kind, **given}


def content(accepted: dict[str, Any]) -> bytes:
    """What a message that was accepted adds to the body."""
    if accepted["type"] == "http.response.pathsend":
        return FILE.read_bytes()
    if accepted["type"] == "http.response.body":
        return bytes(accepted.get("body", b""))
    return b""
