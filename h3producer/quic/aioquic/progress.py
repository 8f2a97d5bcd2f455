"""How far what we send has got: into a packet, and to the peer.

This file knows what aioquic's senders count. It refuses to know what is sent and who waits for it.

Its one rule: nothing is counted here, since a sender is asked far less often than it sends.
"""

from __future__ import annotations

from aioquic.quic.connection import QuicConnection
from aioquic.tls import Epoch

__all__ = ["ProgressingConnection"]


class ProgressingConnection(QuicConnection):
    """A QuicConnection that tells how far its streams are."""

    @property
    def is_delivered(self) -> bool:
        if self._spaces[Epoch.ONE_RTT].ack_eliciting_in_flight:
            return False
        senders = (stream.sender for stream in self._streams.values())
        return all(each.buffer_is_empty and not each.reset_pending for each in senders)

    @property
    def is_answered(self) -> bool:
        streams = self._streams.items()
        return all(stream.sender.is_finished for number, stream in streams if not number & 1)

    def unsent(self, stream_id: int) -> int:
        stream = self._streams.get(stream_id)
        if stream is None or stream.sender.buffer_is_empty:
            return 0
        return stream.sender._buffer_stop - stream.sender.highest_offset  # noqa: SLF001

    def unsent_streams(self) -> list[int]:
        return [stream_id for stream_id in self._streams if self.unsent(stream_id)]

    def sent(self, stream_id: int) -> int:
        stream = self._streams.get(stream_id)
        return 0 if stream is None else stream.sender.highest_offset
