"""The server of the quic-interop-runner's contract: h3producer against all other implementations.

    TESTCASE=transfer WWW=files CERTS=certs PORT=4443 python examples/interop/endpoint.py

What to do comes in environment variables: TESTCASE says what is tested, QLOGDIR and SSLKEYLOGFILE
where to leave logs. Files are served from /www, the certificate is /certs/cert.pem with its key in
/certs/priv.key, and the port is 443 on all addresses; WWW, CERTS, PORT and HOST change that, to run
it without a container. A test case, or a role, that it does not know ends it with exit code 127.

Everything is spoken at once: HTTP/3, and HTTP/0.9 (`http09.py`) for clients that offer that only.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from http09 import ALPN, Http09Connection  # type: ignore[import-not-found]  # it lies beside

from h3producer import Config, Server
from h3producer.server.listeners import UdpListeners

if TYPE_CHECKING:
    from collections.abc import Mapping

    from h3producer import Http3Stream
    from h3producer.http3.stream import Handler
    from h3producer.http3.transport import QuicTransport

NOT_SUPPORTED: Final = 127

PATIENT: Final = {"handshake_timeout": 60.0}
"""For a path that loses every third packet, in bursts."""

CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    "handshake": PATIENT,  # also with a round trip of 1.5 s
    "transfer": PATIENT,  # also with losses, and behind a NAT that forgets
    "multiconnect": PATIENT,
    "chacha20": {},
    "http3": {},
    "ipv6": {},
    "keyupdate": {},
    "resumption": {},
    "retry": {"retry": "always"},
    "v2": {},
    "zerortt": {"early_data": True},
}
"""What is different from a server by default, by the names that the runner gives a server."""


class Files:
    """The regular files in and below a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def find(self, path: str) -> Path | None:
        """The file at a path that begins with a slash; None if there is none."""
        found = (self._root / path.lstrip("/")).resolve()
        return found if found.is_relative_to(self._root) and found.is_file() else None


def handler(files: Files) -> Handler:
    """Serves the files over HTTP/3."""

    async def handle(stream: Http3Stream) -> None:
        file = files.find(stream.request.path.partition(b"?")[0].decode("latin-1"))
        if file is None or stream.request.method not in ("GET", "HEAD"):
            stream.response.start(404 if file is None else 405)
            await stream.response.complete()
            return
        size = file.stat().st_size
        stream.response.start(200, [(b"content-length", b"%d" % size)])
        with file.open("rb") as content:
            while piece := content.read(64 * 1024):
                if (await stream.response.write(piece)).is_completed:
                    return  # nobody listens any more
        await stream.response.complete()

    return handle


def main(environment: Mapping[str, str]) -> int:
    """Serve until INT or TERM."""
    case = CASES.get(environment.get("TESTCASE", ""))
    if case is None or environment.get("ROLE", "server") != "server":
        return NOT_SUPPORTED
    logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
    files = Files(Path(environment.get("WWW", "/www")))
    certs = Path(environment.get("CERTS", "/certs"))
    port = environment.get("PORT", "443")
    hosts = environment.get("HOST", "0.0.0.0 ::").split()
    keylog_file = environment.get("SSLKEYLOGFILE") or None
    if keylog_file is not None:
        # The runner reads it, as whoever it may be; one that the server makes is for us alone.
        Path(keylog_file).touch()
    config = Config(
        app=handler(files),
        bind=tuple(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts),
        certfile=str(certs / "cert.pem"),
        keyfile=str(certs / "priv.key"),
        # A client may be gone with its network, before anybody has heard of it.
        timeout_graceful_shutdown=1.0,
        keylog_file=keylog_file,
        qlog_dir=environment.get("QLOGDIR") or None,
        **case,
    )

    def http09(transport: QuicTransport) -> Http09Connection:
        return Http09Connection(transport, files.find)

    listeners = UdpListeners(config, {ALPN: http09})
    Server(config, listeners=listeners).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
