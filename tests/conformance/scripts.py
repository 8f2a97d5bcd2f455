"""Responses message by message, as applications send them: right, odd and wrong.

This file knows the messages of ASGI's HTTP specification. It refuses to know what becomes of them:
the cases of `cases/responses.py` and `cases/applications.py` say so.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["SCRIPTS", "Message"]

Message = dict[str, Any]
Headers = list[tuple[bytes, bytes]]


def start(status: int = 200, headers: Headers | None = None, **more: object) -> Message:
    """The message that begins a response."""
    return {"type": "http.response.start", "status": status, "headers": headers or [], **more}


def body(content: bytes = b"", *, more: bool = False) -> Message:
    """A part of the content."""
    return {"type": "http.response.body", "body": content, "more_body": more}


def trailers(headers: Headers) -> Message:
    """The trailer section."""
    return {"type": "http.response.trailers", "headers": headers}


def with_header(name: bytes, value: bytes) -> list[Message]:
    """A response with one header."""
    return [start(headers=[(name, value)]), body(b"hello")]


def with_trailer(name: bytes, value: bytes) -> list[Message]:
    """A response with one trailer field."""
    return [start(trailers=True), body(b"hello"), trailers([(name, value)])]


SCRIPTS: Final[dict[str, list[Message]]] = {
    "hello": [start(), body(b"hello")],
    "parts": [start(), body(b"one", more=True), body(b"two", more=True), body(b"three")],
    "empty": [start(), body()],
    "204": [start(204), body()],
    "204-with-content": [start(204), body(b"hello")],
    "204-with-length": [start(204, [(b"content-length", b"0")]), body()],
    "205-with-content": [start(205), body(b"hello")],
    "304-with-content": [start(304, [(b"etag", b'"1"')]), body(b"hello")],
    "status-101": [start(101), body()],
    "status-103": [start(103), body()],
    "status-99": [start(99), body()],
    "status-1000": [start(1000), body()],
    "with-length": [start(headers=[(b"content-length", b"5")]), body(b"hello")],
    "too-short": [start(headers=[(b"content-length", b"10")]), body(b"hello")],
    "too-short-in-parts": [
        start(headers=[(b"content-length", b"10")]),
        body(b"hel", more=True),
        body(b"lo"),
    ],
    "too-long": [start(headers=[(b"content-length", b"3")]), body(b"hello")],
    "too-long-in-parts": [
        start(headers=[(b"content-length", b"3")]),
        body(b"hel", more=True),
        body(b"lo"),
    ],
    "connection": with_header(b"connection", b"close"),
    "keep-alive": with_header(b"keep-alive", b"timeout=5"),
    "transfer-encoding": with_header(b"transfer-encoding", b"chunked"),
    "upgrade": with_header(b"upgrade", b"h2c"),
    "proxy-connection": with_header(b"proxy-connection", b"close"),
    "line-break": with_header(b"x-bad", b"a\r\nset-cookie: b=c"),
    "nul": with_header(b"x-bad", b"a\0b"),
    "line-break-in-name": with_header(b"x-bad\r\nx-worse", b"a"),
    "space-in-name": with_header(b"x bad", b"a"),
    "empty-name": with_header(b"", b"a"),
    "pseudo-header": with_header(b":status", b"204"),
    "upper-case": with_header(b"X-Upper", b"a"),
    "white-space": with_header(b"x-padded", b" \ta \t"),
    "connection-in-trailers": with_trailer(b"connection", b"close"),
    "line-break-in-trailers": with_trailer(b"x-bad", b"a\r\nb: c"),
    "pseudo-header-in-trailers": with_trailer(b":status", b"204"),
    "length-in-trailers": with_trailer(b"content-length", b"5"),
    "trailers": with_trailer(b"x-sum", b"5"),
    "two-cookies": [
        start(headers=[(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]),
        body(b"hello"),
    ],
    "many-fields": [
        start(headers=[(b"x-field-%d" % number, b"value") for number in range(100)]),
        body(b"hello"),
    ],
    "large-field": with_header(b"x-large", b"v" * 8192),
    "cookie": with_header(b"set-cookie", b"session=secret"),
    "ends-midway": [start(), body(b"hel", more=True)],
    "two-starts": [start(), body(b"hel", more=True), start(404), body(b"lo")],
    "after-the-end": [start(), body(b"hello"), body(b"again"), start(404)],
    "body-first": [body(b"hello"), start(), body(b"hello")],
    "early-hint": [
        {"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload; as=style"]},
        {"type": "http.response.early_hint", "links": [b"</app.js>; rel=preload; as=script"]},
        start(),
        body(b"hello"),
    ],
    "early-hint-too-late": [
        start(),
        body(b"hel", more=True),
        {"type": "http.response.early_hint", "links": [b"</late.css>; rel=preload"]},
        body(b"lo"),
    ],
    **{f"status-{code}": [start(code), body(b"hello")] for code in (200, 404, 418, 500, 599)},
}
