"""Whether a server wants new clients, and the path on which it says so.

This file knows three states, the answer for each, and one request path. It refuses to know when
a state changes: the server says so (`server.py`), and for a process with workers their parent.

| state | since | answer |
|---|---|---|
| starting | the program began | 503: no client can be served yet |
| serving | clients are answered | 200 |
| draining | the end was asked for | 503: clients are served, but send new ones elsewhere |

Its one rule: a state never comes back. A load balancer that has heard "draining" may forget us.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from h3producer.http3.stream import Handler, Http3Stream

__all__ = ["Health", "HealthAnswers", "HealthState"]

_FIELDS: Final = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),  # RFC 9111 §5.2.2.5: an answer of before says nothing of now
]


class HealthState(enum.IntEnum):
    """What a load balancer may know, in the order of a server's life."""

    STARTING = 0
    SERVING = 1
    DRAINING = 2


class Health:
    """The state of one server; may be read from any thread."""

    def __init__(self) -> None:
        self._state = HealthState.STARTING

    @property
    def state(self) -> HealthState:
        """The state now."""
        return self._state

    def advance(self, state: HealthState) -> None:
        """Go on to `state`; nothing if it is behind us."""
        self._state = max(self._state, state)

    def answer(self) -> tuple[int, bytes]:
        """Status and content for whoever asks, over whatever protocol."""
        status = 200 if self._state is HealthState.SERVING else 503
        return status, self._state.name.lower().encode("ascii") + b"\n"


class HealthAnswers:
    """A handler that answers requests for `path` itself and leaves the others to `handler`.

    It stands before whatever counts, limits and logs, so that a server with all hands full is
    still found alive; its log lines are debug ones, because a probe every second is no news.
    """

    def __init__(self, handler: Handler, health: Health, path: str) -> None:
        self._handler = handler
        self._health = health
        self._path = path.encode("ascii")
        self._path_and_query = self._path + b"?"

    def __call__(self, stream: Http3Stream) -> Awaitable[None]:
        # No coroutine of its own: others than probes pay for two comparisons.
        path = stream.request.path
        if path == self._path or path.startswith(self._path_and_query):
            return self._answer(stream)
        return self._handler(stream)

    async def _answer(self, stream: Http3Stream) -> None:
        stream.is_probe = True
        method = stream.request.method
        if method in ("GET", "HEAD"):
            status, content = self._health.answer()
            length = str(len(content)).encode("ascii")
            stream.response.start(status, [*_FIELDS, (b"content-length", length)])
        else:
            # RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405
            # response".
            status, content = 405, b""
            stream.response.start(status, [(b"allow", b"GET, HEAD")])
        await stream.response.complete(b"" if method == "HEAD" else content)
