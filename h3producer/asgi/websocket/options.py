"""What a server lets WebSockets do: four settings, under uvicorn's names in `Config`.

This file knows names. It refuses to know what follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from h3producer.config import Config

__all__ = ["WebSocketOptions"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSocketOptions:
    """Those of a server; each is explained in `Config`, as `ws_…`."""

    max_size: int = 16 * 1024 * 1024
    """Bytes of a message."""
    ping_interval: float | None = 20.0
    """Seconds between a pong and the next ping."""
    ping_timeout: float | None = 20.0
    """Seconds until the pong."""
    per_message_deflate: bool = True
    """Compress messages for clients that offer it."""

    @classmethod
    def of(cls, config: Config) -> WebSocketOptions:
        """Those that a `Config` asks for."""
        return cls(
            max_size=config.ws_max_size,
            ping_interval=config.ws_ping_interval,
            ping_timeout=config.ws_ping_timeout,
            per_message_deflate=config.ws_per_message_deflate,
        )
