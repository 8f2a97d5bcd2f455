"""What goes out on a socket: in order, and no faster than the socket takes it.

This file knows what waits for room. It refuses to know connections, and how a datagram is sent
(`sending.py`, `segmentation.py`); what comes in is in `intake.py`.

Its one rule: nothing overtakes what waits, and nothing of it is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.udp.segmentation import SegmentedSending, can_segment
from h3producer.quic.udp.sending import SingleSending

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.quic.engine import Datagram
    from h3producer.quic.loop import DatagramSocket, Loop

__all__ = ["Outlet"]


class Outlet:
    """Sends on a non-blocking socket until `stop`.

    `has_room` is called when the socket has taken all that waited; whoever wants to send should
    wait for that while `is_full`. With `gso` datagrams of one size share a system call, if the
    socket can do that.
    """

    def __init__(
        self, sock: DatagramSocket, loop: Loop, has_room: Callable[[], None], *, gso: bool = True
    ) -> None:
        self._socket = sock
        self._loop = loop
        self._has_room = has_room
        self._waiting: list[Datagram] = []
        single = SingleSending(sock)
        can = gso and can_segment(sock)
        self._send = SegmentedSending(sock, single).send if can else single.send

    @property
    def is_full(self) -> bool:
        """Whether something waits for the socket."""
        return bool(self._waiting)

    def send(self, datagrams: list[Datagram]) -> None:
        """Send in order; what the socket does not take now waits until it does."""
        if self._waiting:
            self._waiting += datagrams
            return
        done = self._send(datagrams)
        if done < len(datagrams):
            self._waiting = datagrams[done:]
            self._loop.add_writer(self._socket, self._writable)

    def stop(self) -> None:
        """Send no more; what waits is dropped."""
        self._waiting.clear()
        self._loop.remove_writer(self._socket)

    def _writable(self) -> None:
        done = self._send(self._waiting)
        del self._waiting[:done]
        if not self._waiting:
            self._loop.remove_writer(self._socket)
            self._has_room()
