"""One frame after another into the tunnel, and the end of it.

This file knows whose turn it is to write. It refuses to know what is in a frame. Its one rule: a
message waits until it has left, and what we say by ourselves (pings, pongs, the close) waits for
nobody: it goes behind the frame that is on its way, in front of the next.

A write whose waiter is cancelled goes on, since a frame cannot be half a frame; who comes next
waits for it. So there is one message on its way at most, and of pongs the last
(RFC 6455 §5.5.3: it "MAY elect to send a Pong frame for only the most recently processed Ping").
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError
from h3producer.pipe.wakeup import InlineTask, start_inline

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.stream import Http3Stream

__all__ = ["Outbox"]

logger = logging.getLogger("h3producer.error")


class Outbox:
    """What leaves on one tunnel."""

    __slots__ = ("_message", "_own", "_pump", "_stream", "is_ending")

    def __init__(self, stream: Http3Stream) -> None:
        self._stream = stream
        self._message: bytes | None = None
        self._own: dict[str, bytes] = {}
        """Frames of ours that wait, one of a kind, in the order in which they leave."""
        self._pump: InlineTask[None] | None = None
        self.is_ending = False
        """FIN follows what is here."""

    @property
    def is_busy(self) -> bool:
        """Somebody's frame is on its way."""
        return self._pump is not None and not self._pump.done()

    async def send(self, make_frame: Callable[[], bytes]) -> None:
        """Send the frame of a message, made when its turn comes; waits until it has been taken.

        Raises what `make_frame` raises. Returns, too, when the exchange was cut.
        """
        if self.is_busy:
            await self.emptied()
        self._message = make_frame()
        pump = self._pump = start_inline(self._write())
        if not pump.done():
            await pump

    def interject(self, kind: str, frame: bytes, *, ends: bool = False) -> None:
        """Send a frame of ours as soon as may be, in place of one of its kind that still waits;
        if it `ends`, FIN with it, or with what is in front of it."""
        self.is_ending |= ends
        if frame:
            self._own[kind] = frame
        self._start()

    def end(self) -> None:
        """Send FIN behind all that is here."""
        self.is_ending = True
        self._start()

    async def emptied(self) -> None:
        """Wait until all that is here has been taken."""
        while (pump := self._pump) is not None and not pump.done():
            await pump

    def _start(self) -> None:
        if not self.is_busy:
            self._pump = start_inline(self._write())

    async def _write(self) -> None:
        response = self._stream.response
        try:
            message, self._message = self._message, None
            if message is not None:
                await response.write(message)
                del message
            while self._own:
                frame = self._own.pop(next(iter(self._own)))
                if self.is_ending and not self._own:
                    await response.complete(frame)
                else:
                    await response.write(frame)
            if self.is_ending:
                await response.complete()
        except LocalProtocolError as error:
            # The stream was ended past us.
            logger.debug("Stream %d: %s", self._stream.stream_id, error)
