"""The fields that each response over TCP gets if it has none of that name: `alt-svc`, too.

This file knows that they are made once a second. It refuses to know what `alt-svc` says
(`asgi/alt_svc.py`). Its one rule: a server that stops says nothing of HTTP/3. Newcomers would only
look for what is no longer there; and those who know it must not be told to forget it, since the
server that comes next has it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.http3.default_fields import DefaultFieldLines

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.wire.fields import Fields

__all__ = ["TcpFieldLines"]


class TcpFieldLines:
    """Those of all responses on one listening socket."""

    def __init__(self, config: Config, alternative: bytes) -> None:
        """`alternative` is the value of `alt-svc`."""
        self._common = DefaultFieldLines(config)
        self._alternative = alternative
        self._plain: Fields | None = None
        self._lines: Fields = []

    def plain(self) -> Fields:
        """Without `alt-svc`."""
        return self._common.lines()

    def lines(self) -> Fields:
        """All; the caller does not change the list."""
        plain = self._common.lines()
        if plain is not self._plain:
            self._plain = plain
            self._lines = [*plain, (b"alt-svc", self._alternative)]
        return self._lines
