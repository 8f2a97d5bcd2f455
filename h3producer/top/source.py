"""Where the facts come from: the admin listener of a server, on a TCP port or a Unix socket.

This file knows how the address is written and how the answer is fetched. It refuses to know what
stands in it (`observe/connections.py`).

Its one rule: whatever is wrong at the other end is one sentence, and asking again is no harm.
"""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from h3producer.server.admin import DEFAULT_PORT, parse_admin_bind
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from h3producer.observe.connections import ConnectionsAnswer

__all__ = ["DEFAULT_SOURCE", "Source", "SourceError", "parse_source"]

TIMEOUT: Final = 5.0
"""Seconds for an answer: it is made on the server's event loop, which may be busy."""

MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of an answer: ten times what a server says at most."""

PATH: Final = "/connections"

DEFAULT_SOURCE: Final = f"127.0.0.1:{DEFAULT_PORT}"
"""Where an admin listener is whose address has no port."""


class SourceError(Exception):
    """No facts; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Source:
    """An admin listener."""

    host: str = ""
    port: int = 0
    path: str = ""
    """Of a Unix socket; then host and port mean nothing."""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def fetch(self) -> ConnectionsAnswer:
        """What the server says now. Raises SourceError; blocks for some seconds at most."""
        connection = self._connection()
        try:
            connection.request("GET", PATH)
            response = connection.getresponse()
            body = response.read(MAX_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise SourceError(
                f"Nobody answers on {self} ({reason}): start the server with --admin-bind {self}."
            ) from error
        finally:
            connection.close()
        if response.status != 200:
            raise SourceError(f"{self} answers {response.status}: it is no admin listener.")
        return _parsed(body, self)

    def _connection(self) -> http.client.HTTPConnection:
        if self.path:
            return _UnixConnection(self.path)
        return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP/1.1 over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


def _parsed(body: bytes, source: Source) -> ConnectionsAnswer:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("connections"), list):
        raise SourceError(f"{source} does not answer as an admin listener does.")
    return cast("ConnectionsAnswer", answer)  # of a server of our release


def parse_source(text: str) -> Source:
    """What `--admin-bind` takes: `HOST:PORT`, `HOST`, `PORT` on this machine, or `unix:PATH`.

    Raises ValueError, one sentence.
    """
    try:
        parsed = parse_admin_bind(text.removeprefix("http://").rstrip("/"))
    except StartupError as error:
        raise ValueError(str(error)) from None
    if isinstance(parsed, str):
        return Source(path=parsed)
    host, port = parsed
    if not port:
        raise ValueError(f"'{text}' is not where somebody listens: give the port.")
    return Source(host=host, port=port)
