"""The rows of the requirements that have no case, each with its reason.

This file knows which numbers there are (1 to 459) and why some need no case. It refuses to know
what a row says. Its one rule: `test_rows.py` holds it against the cases, so that a row is in
exactly one of the two, and none is forgotten.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LAST_ROW", "WITHOUT_CASE"]

LAST_ROW: Final = 459

_NO_DATAGRAMS = "HTTP datagrams and capsules are not announced (cases 316, 320)"
_NO_WEBTRANSPORT = "WebTransport is not announced (cases 390 to 392)"
_NO_SCHEDULING = "PRIORITY_UPDATE is checked, but nothing is scheduled by it yet"
_APPLICATION = "a matter of the application"

WITHOUT_CASE: Final[dict[int, str]] = {
    63: "invariant 453",
    64: "invariant 450",
    65: "invariant 452",
    226: "no dynamic table is offered, so nothing can be blocked (cases 190 to 192)",
    227: "no dynamic table is offered, so the remembered capacity is 0 (case 220)",
    228: "nothing is ever put into a dynamic table, so nothing there can be guessed (case 220)",
    267: "Alt-Svc is for HTTP/1 and HTTP/2, which are not served; over HTTP/3: case 261",
    268: _APPLICATION,
    314: "no application can abort a socket: tests/asgi/websocket/test_keepalive.py",
    **dict.fromkeys((317, 318, 319, 321, 322, 323, 324), _NO_DATAGRAMS),
    335: _NO_SCHEDULING,
    337: _NO_SCHEDULING,
    **dict.fromkeys(range(393, 401), _NO_WEBTRANSPORT),
}
