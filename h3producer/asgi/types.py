"""The shapes of ASGI 3 as types, and the versions that we speak.

This file knows names only. It refuses to know what is in a message: ASGI leaves that to be found
out at run time, and `asgi/http.py` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["ASGI_VERSION", "HTTP_SPEC_VERSION", "AsgiApp", "Message", "Receive", "Scope", "Send"]

ASGI_VERSION = "3.0"
HTTP_SPEC_VERSION = "2.5"
"""From 2.4 on, `send()` after a disconnect raises an OSError. Starlette looks at this number."""

Scope = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
"""Wide where an application takes and narrow where it gives, so that every annotation in use
(`dict`, `MutableMapping`, a framework's own alias) fits."""
