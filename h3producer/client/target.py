"""What a URL says to a client: where to connect, what to ask for, and whom to trust.

This file knows `https` URLs and certificate files. It refuses to know sockets and TLS.

Its one rule: a certificate that we made for this machine is trusted for loopback names and for
nothing else.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from h3producer.server.certificates.files import CertificateFiles, state_directory

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Target", "development_certificate"]

# RFC 3986 §3.3, §3.4: what stays as it is in a path and a query; `%` may begin an escape.
_UNESCAPED = "/:@!$&'()*+,;=%?~-._"


@dataclass(frozen=True, slots=True)
class Target:
    """An `https` URL in the parts that a request needs."""

    host: str
    """Name or address to connect to, without brackets."""
    port: int
    authority: str
    """Host, and port unless it is 443; the `:authority` of the request."""
    path: str
    """Path and query, percent-encoded; the `:path` of the request."""

    @classmethod
    def from_url(cls, url: str) -> Target:
        """Split a URL; raises `ValueError`, one sentence, if it is no `https` URL."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ValueError(f"'{url}' is not a URL: {error}.") from None
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError(f"'{url}' is not an https URL, as in https://localhost:4433/.")
        if parts.username is not None:
            raise ValueError("A URL with a user name is not supported; use a header.")
        try:
            port = 443 if parts.port is None else parts.port
        except ValueError:
            raise ValueError(f"The port in '{url}' is not a number up to 65535.") from None
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        query = f"?{parts.query}" if parts.query else ""
        return cls(
            host=parts.hostname,
            port=port,
            authority=name if port == 443 else f"{name}:{port}",
            path=quote((parts.path or "/") + query, safe=_UNESCAPED),
        )

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this very machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def development_certificate(target: Target) -> Path | None:
    """The certificate that a server here makes for itself, if there is one and it may be asked."""
    certfile = CertificateFiles.in_directory(state_directory()).certfile
    return certfile if target.is_loopback and certfile.exists() else None
