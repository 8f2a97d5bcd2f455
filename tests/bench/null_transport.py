"""A `QuicTransport` that takes everything and does nothing, for timing what stands above it.

This file knows the verbs. It refuses to remember what was asked, unlike `tests/fakes.py`.
"""

from __future__ import annotations

from h3producer.http3.transport import NO_PROGRESS, UNLIMITED, Progress, TlsFacts

__all__ = ["NullTransport"]


class NullTransport:
    """All verbs return at once."""

    peer_address = ("127.0.0.1", 50000)
    local_address = ("127.0.0.1", 4433)
    max_datagram = 1000
    tls = TlsFacts(version=0x0304, cipher_suite=0x1301)
    is_early = False
    journal = None

    def __init__(self) -> None:
        self._next_uni_stream = 3

    def open_uni_stream(self) -> int:
        self._next_uni_stream += 4
        return self._next_uni_stream

    def open_bidi_stream(self) -> int:
        return self.open_uni_stream() & ~2

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None: ...

    async def drain(self, stream_id: int) -> None: ...

    def room(self, stream_id: int) -> int:
        return UNLIMITED

    def progress(self, stream_id: int) -> Progress:
        return NO_PROGRESS

    def unsent_streams(self) -> tuple[int, ...]:
        return ()

    def reset(self, stream_id: int, error_code: int) -> None: ...

    def stop_sending(self, stream_id: int, error_code: int) -> None: ...

    def grant(self, stream_id: int, count: int) -> None: ...

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None: ...

    def send_datagram(self, data: bytes) -> bool:
        return True

    def close(self, error_code: int, reason: str = "", *, when_delivered: bool = False) -> None: ...
