"""DATAGRAM frames that we send (RFC 9221): which are taken, and how large they may be.

This file knows three bounds: what the peer takes, what a packet has room for, and how many may
wait. It refuses to know what is in one, and when it leaves (`framing.py`, or aioquic's own writer).

Its one rule: what cannot leave is refused at once. One that fits no packet would stay at the head
of the queue for good.
"""

from __future__ import annotations

from h3producer.config import Config
from h3producer.quic.aioquic.holding import HoldingConnection

__all__ = ["DatagramConnection"]

_AROUND = 1 + 20 + 2 + 16
"""Bytes around a frame: first byte, longest connection id, packet number and tag."""
_FRAME_HEAD = 1 + 2
"""Bytes in front of the data: type and length. RFC 9221 §3: the peer's limit counts them, too."""


class DatagramConnection(HoldingConnection):
    """A QuicConnection whose datagrams have bounds."""

    max_pending_datagrams = Config.max_pending_datagrams

    @property
    def max_datagram(self) -> int:
        room = min(self._max_datagram_size - _AROUND, self._remote_max_datagram_frame_size or 0)
        return max(0, room - _FRAME_HEAD)

    def send_datagram(self, data: bytes) -> bool:
        if (
            not self._remote_max_datagram_frame_size  # then not even an empty one
            or len(data) > self.max_datagram
            or len(self._datagrams_pending) >= self.max_pending_datagrams
        ):
            return False
        self.send_datagram_frame(data)
        self.has_news = True
        return True

    def resize(self, size: int) -> None:
        super().resize(size)
        pending, limit = self._datagrams_pending, self.max_datagram
        if any(len(data) > limit for data in pending):  # the path has become narrower
            fitting = [data for data in pending if len(data) <= limit]
            pending.clear()
            pending.extend(fitting)
