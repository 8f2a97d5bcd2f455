"""The lines that tell a person how to look at a server: curl, our own client, Chrome.

This file knows command lines of other programs. It refuses to print: the log and the command line
do. Its one rule: a line can be pasted into a POSIX shell as it stands.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from h3producer.server.certificates.development import spki_pin

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

__all__ = ["chrome_line", "curl_line", "get_line", "url_of"]


def url_of(host: str, port: int) -> str:
    """The URL of the root of a server, IPv6 addresses in brackets."""
    authority = f"[{host}]" if ":" in host else host
    return f"https://{authority}:{port}/"


def get_line(url: str) -> str:
    """Our own client, which trusts our own development certificate by itself."""
    return f"h3producer get {url}"


def curl_line(url: str, certfile: Path) -> str:
    """A curl that was built with HTTP/3."""
    return f"curl --http3-only --cacert {shlex.quote(str(certfile))} {url}"


def chrome_line(host: str, port: int, certificate: x509.Certificate) -> str:
    """Chrome or Chromium, as a fresh profile that speaks QUIC at once and trusts this key.

    Without a `--user-data-dir` of its own Chrome ignores the list of pins, and hands the URL to
    a browser that is already running without these flags.
    """
    url = url_of(host, port)
    return (
        'google-chrome --user-data-dir="$(mktemp -d)" --no-first-run '
        f"--origin-to-force-quic-on={url.removeprefix('https://').rstrip('/')} "
        f"--ignore-certificate-errors-spki-list={spki_pin(certificate)} {url}"
    )
