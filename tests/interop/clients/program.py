"""The program that every independent client is: lines of requests in, lines of answers out.

    python -m tests.interop.clients.curl_cffi https://localhost:4433 ca.pem '{}'
    [{"method": "GET", "path": "/hello"}]

A line on stdin is a list of requests, to be made on one connection, at once if the client can. The
line that answers it on stdout is a list of what came back, or what the client raised. A line with
a word in quotes is one of the `DEEDS`; it is answered with an empty list. The JSON object of the
command line has the `Wishes` for the connection. Programs in other languages speak the same.

Each client runs in a process of its own: what it warns of, leaks or crashes with is its own
affair and not our tests'. This file knows that protocol. It refuses to know any client.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import traceback
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DEEDS", "Answer", "Client", "ClientClass", "Request", "Wishes", "main", "pattern"]

DEEDS = ("move", "update_keys")
"""`move`: to another local address; `update_keys`: those of the connection. Now, or in the course
of the next requests."""

PIECES = 8
"""What a streaming upload is cut into."""

PAUSE = 0.03
"""Seconds between two pieces of a streaming upload: the server can tell that it streams."""

_PIECE = b"".join(number.to_bytes(4, "big") for number in range(1 << 14))


def pattern(size: int) -> bytes:
    """`size` bytes in which no two nearby stretches are alike."""
    return (_PIECE * (size // len(_PIECE) + 1))[:size]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to ask for; `size` bytes of `pattern` are its content."""

    path: str
    method: str = "GET"
    fields: dict[str, str] = field(default_factory=dict)
    size: int | None = None
    streams: bool = False
    """The content is to be sent piece by piece, its length unsaid; see `pieces`."""
    gives_up_after: int | None = None
    """Bytes of the request's content, or else of the response's, after which the client wants no
    more of either."""

    @property
    def body(self) -> bytes | None:
        return None if self.size is None else pattern(self.size)

    def pieces(self) -> Iterator[bytes]:
        """The content of a streaming upload, with pauses. Raises `GivenUp` where it gives up."""
        body = self.body or b""
        step = -(-len(body) // PIECES)
        for offset in range(0, len(body), step):
            if self.gives_up_after is not None and offset >= self.gives_up_after:
                raise GivenUp
            if offset:
                time.sleep(PAUSE)
            yield body[offset : offset + step]


class GivenUp(Exception):
    """The client wants no more."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, in the client's own words; `version` is 3 if it says that it was HTTP/3."""

    status: int
    version: int
    fields: dict[str, str]
    size: int
    sha256: str
    trailers: dict[str, str] | None = None
    """None if the client shows none."""
    interim: list[int] | None = None
    """The statuses that came before; None if the client shows none."""

    @classmethod
    def of(
        cls,
        status: int | None,
        is_http3: bool,
        fields: dict[str, str],
        body: bytes | None,
        *,
        trailers: dict[str, str] | None = None,
        interim: list[int] | None = None,
    ) -> Answer:
        """From what client libraries have, which is None at times."""
        body = body or b""
        return cls(
            status=status or 0,
            version=3 if is_http3 else 0,
            fields={name.lower(): value for name, value in fields.items()},
            size=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            trailers=trailers,
            interim=interim,
        )


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a connection is to be like, as far as the client can choose."""

    version: int = 1
    """Of QUIC."""
    cipher: str = ""
    """The one cipher suite to offer: `chacha20`, or empty for the client's own choice."""
    window: int = 0
    """Bytes of the initial flow-control window of a stream, and of the connection; 0: its own."""
    early: bool = False
    """Requests of a resumed session go as early data (0-RTT)."""
    lingers: bool = False
    """The client does not end the connection when its requests are answered."""


class Client(Protocol):
    """One connection to one origin; a client has those of the `DEEDS` that it can, as methods."""

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        """Make the requests, at once if the client can; the answers in the same order.

        A request that is given up has an answer, too: what came until then.
        """


class ClientClass(Protocol):
    """How a client is made: of the origin's URL, and a file with the CA's certificate."""

    def __call__(self, origin: str, cafile: str, wishes: Wishes) -> Client: ...


def main(make: ClientClass) -> None:
    """Be the program."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        os.environ.pop(name, None)
    client = make(sys.argv[1], sys.argv[2], Wishes(**json.loads(sys.argv[3])))
    for line in sys.stdin:
        print(json.dumps(_reply(client, json.loads(line))), flush=True)
    sys.stdout.flush()
    # Some clients leave threads that never end; all that matters has been said.
    os._exit(0)


def _reply(client: Client, wanted: str | list[dict[str, Any]]) -> object:
    try:
        if isinstance(wanted, str):
            getattr(client, wanted)()
            return []
        answers = client.exchange([Request(**each) for each in wanted])
    except Exception:
        return {"raised": traceback.format_exc()}
    return [asdict(answer) for answer in answers]
