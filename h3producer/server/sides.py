"""With what a server listens: UDP alone, or TCP beside it.

This file knows the choice, and that what TCP needs may not be installed. It refuses to know both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError
from h3producer.server.listeners import UdpListeners

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.server.listeners import Listeners

__all__ = ["listeners_of"]


def listeners_of(config: Config, udp: UdpListeners | None = None) -> Listeners:
    """The listeners that a `Config` asks for, with `udp` for UDP if it is given.

    Raises `StartupError` if TCP is asked for and Hypercorn is not installed.
    """
    udp = UdpListeners(config) if udp is None else udp
    if not config.with_tcp:
        return udp
    try:
        from h3producer.server.tcp.both import UdpAndTcp
        from h3producer.server.tcp.listeners import TcpListeners
    except ImportError as error:
        missing = (error.name or "h3producer").partition(".")[0]
        if missing == "h3producer":
            raise
        raise StartupError(
            f"HTTP/1.1 and HTTP/2 need {missing}: pip install 'h3producer[tcp]'."
        ) from None
    return UdpAndTcp(config, udp, TcpListeners(config, udp.observer))
