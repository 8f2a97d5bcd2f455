"""The program that every independent client is: lines of requests in, lines of answers out.

    python -m tests.interop.clients.curl_cffi https://localhost:4433 ca.pem
    [{"method": "GET", "path": "/hello"}]

A line on stdin is a list of requests, to be made on one connection, at once if the client can. The
line that answers it on stdout is a list of what came back, or what the client raised.

Each client runs in a process of its own: what it warns of, leaks or crashes with is its own
affair and not our tests'. This file knows that protocol. It refuses to know any client.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import traceback
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Answer", "Client", "Request", "main", "pattern"]

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

    @property
    def body(self) -> bytes | None:
        return None if self.size is None else pattern(self.size)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, in the client's own words; `version` is 3 if it says that it was HTTP/3."""

    status: int
    version: int
    fields: dict[str, str]
    size: int
    sha256: str

    @classmethod
    def of(
        cls, status: int | None, is_http3: bool, fields: dict[str, str], body: bytes | None
    ) -> Answer:
        """From what client libraries have, which is None at times."""
        body = body or b""
        names = {name.lower(): value for name, value in fields.items()}
        digest = hashlib.sha256(body).hexdigest()
        return cls(
            status=status or 0,
            version=3 if is_http3 else 0,
            fields=names,
            size=len(body),
            sha256=digest,
        )


class Client(Protocol):
    """One connection to one origin."""

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        """Make the requests, at once if the client can; the answers in the same order."""


def main(make: Callable[[str, str], Client]) -> None:
    """Be the program: `make` gets the origin's URL and a file with the CA's certificate."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        os.environ.pop(name, None)
    client = make(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        print(json.dumps(_reply(client, json.loads(line))), flush=True)
    sys.stdout.flush()
    # Some clients leave threads that never end; all that matters has been said.
    os._exit(0)


def _reply(client: Client, wanted: list[dict[str, Any]]) -> object:
    try:
        answers = client.exchange([Request(**each) for each in wanted])
    except Exception:
        return {"raised": traceback.format_exc()}
    return [asdict(answer) for answer in answers]
