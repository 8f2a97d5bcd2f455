"""What we say of response fields that HTTP/3 has no use for: one warning for each.

This file knows which of them were warned of. It refuses to know which they are: `wire/response.py`
drops them.

Applications that were written for HTTP/1 send `connection: keep-alive` with every response. That is
harmless, and worth a line (Kestrel's event 41), but not one for each response. Its one rule: a name
is said once in a process; there are no more than a handful.
"""

from __future__ import annotations

import logging
from typing import Final

__all__ = ["DROPPED_FIELDS", "DroppedFieldLog"]

logger = logging.getLogger("h3producer.http3")


class DroppedFieldLog:
    """Warns of each name once."""

    def __init__(self) -> None:
        self._said: set[bytes] = set()

    def warn(self, name: bytes) -> None:
        """A field of this name was dropped."""
        if name not in self._said:
            self._said.add(name)
            # RFC 9114 §4.2: "HTTP/3 does not use the Connection header field to indicate
            # connection-specific fields; in this protocol, connection-specific metadata is
            # conveyed by other means."
            logger.warning(
                "Response field %r is dropped, here and from now on: HTTP/3 has no such field.",
                name.decode("ascii"),
            )


DROPPED_FIELDS: Final = DroppedFieldLog()
"""Of the whole process: an application is the same on every connection."""
