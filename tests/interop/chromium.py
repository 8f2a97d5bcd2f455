"""Chromium: where it is, and with what it is started.

This file knows its flags. It refuses to know what it is to do. Its one rule: it is started with the
flags that our server prints for people, and with no other that has to do with its certificate.
"""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.server import CommandServer

__all__ = ["CHROMIUM", "QUIET", "WEBSOCKET_OVER_HTTP_3", "printed_flags"]

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

QUIET = [
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *(["--no-sandbox"] if os.getuid() == 0 else []),
]

WEBSOCKET_OVER_HTTP_3 = "--enable-features=EnableWebsocketsOverHttp3"
"""Chromium has RFC 9220 and leaves it off."""


def printed_flags(server: CommandServer) -> list[str]:
    """The flags that the server tells people to start Chrome with."""
    [line] = [line for line in server.log if "--origin-to-force-quic-on" in line]
    return [word for word in shlex.split(line) if word.startswith(("--origin", "--ignore"))]
