"""The fields every response gets if it has none of that name: `date` and `server`.

This file knows one clock string and how often it changes. It refuses to know whether a response
wants it: `http3/response.py` asks and compares.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.wire.fields import Fields

__all__ = ["DefaultFieldLines"]


class DefaultFieldLines:
    """Makes `date` and `server` fields; formats the date once a second.

    `clock` gives Unix time in seconds; tests move it.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._with_date = config.date_header
        server = config.server_header
        self._server: Fields = [] if server is None else [(b"server", server.encode("ascii"))]
        self._second = -1
        self._lines: Fields = []

    def lines(self) -> Fields:
        """The fields of this second; the caller does not change the list."""
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._lines = [*self._server]
            if self._with_date:
                # RFC 9110 §6.6.1: "An origin server with a clock MUST generate a Date header
                # field in all 2xx (Successful), 3xx (Redirection), and 4xx (Client Error)
                # responses", in IMF-fixdate form (§5.6.7).
                self._lines.append((b"date", formatdate(second, usegmt=True).encode("ascii")))
        return self._lines
