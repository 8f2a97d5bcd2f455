"""The port's verbs on streams and datagrams, on one engine connection.

This file knows which of them mean anything in which phase of a connection's life. It refuses to
know when what they cause leaves (`transport.py`) and how (the engine).

Its one rule: a verb leaves a mark, by `_changed`, and returns; only `drain` waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.http3.transport import NO_PROGRESS, UNLIMITED, Progress
from h3producer.quic.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.quic.drains import Drains
    from h3producer.quic.engine import EngineConnection

__all__ = ["StreamVerbs"]

_OPEN = Phase.OPEN
"""Members of an enumeration are looked up in a roundabout way."""


class StreamVerbs:
    """What the core does to streams; see `QuicTransport` for what each promises."""

    _connection: EngineConnection
    _drains: Drains
    _mark: int
    """Bytes that may be unsent on a stream before `drain` waits."""
    _phase: Phase

    def _changed(self) -> None:
        """There may be something to send."""
        raise NotImplementedError

    def open_uni_stream(self) -> int:
        stream_id = self._connection.open_uni_stream()
        self._changed()
        return stream_id

    def open_bidi_stream(self) -> int:
        stream_id = self._connection.open_bidi_stream()
        self._changed()
        return stream_id

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        if self._phase is _OPEN:
            self._connection.send(stream_id, data, end_stream)
            self._changed()

    async def drain(self, stream_id: int) -> None:
        while self.room(stream_id) <= 0:
            await self._drains.wait(stream_id)

    def room(self, stream_id: int) -> int:
        is_open = self._phase is _OPEN
        return self._mark - self._connection.unsent(stream_id) if is_open else UNLIMITED

    def progress(self, stream_id: int) -> Progress:
        if self._phase is not _OPEN:
            return NO_PROGRESS
        return Progress(self._connection.sent(stream_id), self._connection.unsent(stream_id))

    def unsent_streams(self) -> Sequence[int]:
        return self._connection.unsent_streams() if self._phase is _OPEN else ()

    def reset(self, stream_id: int, error_code: int) -> None:
        if self._phase is _OPEN:
            self._connection.reset(stream_id, error_code)
            self._changed()
            self._drains.wake(stream_id)

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        if self._phase is _OPEN:
            self._connection.stop_sending(stream_id, error_code)
            self._changed()

    def grant(self, stream_id: int, count: int) -> None:
        if self._phase is _OPEN and self._connection.grant(stream_id, count):
            self._changed()

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        if self._phase is _OPEN:
            self._connection.set_priority(stream_id, urgency, incremental)

    @property
    def max_datagram(self) -> int:
        return self._connection.max_datagram if self._phase is _OPEN else 0

    def send_datagram(self, data: bytes) -> bool:
        if self._phase is not _OPEN or not self._connection.send_datagram(data):
            return False
        self._changed()
        return True
