"""A client that comes from another address: until it has proved that, we may send little.

This file knows when aioquic challenges a path, and when it should again. It refuses to know what
else is sent on it. Its one rule: a path that is in use and not validated has a challenge under way.

aioquic 1.7.2 repeats a challenge that was lost, but takes one that was acknowledged for answered.
If the answer alone is lost, the path keeps to three times what comes in, is given up, and the
connection falls back to an address where nobody is any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnection

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicNetworkPath
    from aioquic.quic.packet_builder import QuicDeliveryState

__all__ = ["PathConnection"]


class PathConnection(QuicConnection):
    """A QuicConnection that asks again until its peer has answered."""

    def _on_path_challenge_delivery(
        self, delivery: QuicDeliveryState, network_path: QuicNetworkPath
    ) -> None:
        super()._on_path_challenge_delivery(delivery, network_path)
        # RFC 9000 §8.2.2: a PATH_RESPONSE is not sent again, so the challenge has to be. §8.2.1:
        # "An endpoint MAY send multiple PATH_CHALLENGE frames to guard against packet loss."
        # The answer mostly stands behind the acknowledgement, in the same packet: then the path
        # is valid before the next challenge could be written.
        if network_path is self._network_paths[0] and not network_path.is_validated:
            network_path.local_challenge_sent = False
