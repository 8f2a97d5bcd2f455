"""How many datagrams leave a socket in one system call: generic segmentation offload (GSO).

Linux takes one buffer and the size of its pieces (UDP_SEGMENT, since 4.18), and cuts it into
datagrams behind routing, filters and the way through the kernel, which all cost once then. A
download spends a third of its time in `sendto` otherwise.

This file knows which datagrams can share a call, and what a socket says that cannot do it: the
driver of a tunnel, a kernel in a sandbox. It refuses to know what waits for room (`outlet.py`).

Its one rule: what arrives is the same as without it. If a socket says no, the same datagrams go
one by one, as do all that follow.
"""

from __future__ import annotations

import errno
import logging
import socket
import struct
import sys
from typing import TYPE_CHECKING

from h3producer.quic.limits import MAX_SEGMENTED, MAX_SEGMENTS
from h3producer.quic.mtu_search import BASE_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.quic.engine import Datagram
    from h3producer.quic.loop import DatagramSocket
    from h3producer.quic.udp.sending import SingleSending

__all__ = ["UDP_SEGMENT", "SegmentedSending", "can_segment"]

logger = logging.getLogger("h3producer.quic")

# Linux has it, Python's socket module does not.
UDP_SEGMENT = 103

_REFUSALS = (errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What sockets say that cannot do it: EIO if the device computes no checksums, EINVAL and EMSGSIZE
if the pieces are too large for it, the others if the system does not know what it is asked."""

_TOO_LARGE = (errno.EINVAL, errno.EMSGSIZE)


def can_segment(sock: DatagramSocket) -> bool:
    """Whether the system knows UDP_SEGMENT at all.

    To be asked first: one that does not would ignore it, and send the whole buffer as one datagram.
    """
    if sys.platform != "linux":
        return False
    try:
        sock.getsockopt(socket.IPPROTO_UDP, UDP_SEGMENT)
    except OSError:
        return False
    return True


class SegmentedSending:
    """`sendmsg` with UDP_SEGMENT where several datagrams can share it, and `single` for others."""

    def __init__(self, sock: DatagramSocket, single: SingleSending) -> None:
        self._socket = sock
        self._single = single
        self.is_refused = False
        """Whether the socket has said no, and is not asked again."""

    def send(self, datagrams: Sequence[Datagram]) -> int:
        """As `SingleSending.send`: in order, up to where the socket is full."""
        done, count = 0, len(datagrams)
        while done < count:
            if self.is_refused or count - done == 1:
                return done + self._single.send(datagrams[done:])
            end = train_end(datagrams, done)
            try:
                self._send_train(datagrams[done:end])
            except (BlockingIOError, InterruptedError):
                return done
            except OSError as error:
                self._failed(error, datagrams[done:end])
                if self.is_refused:
                    continue
            done = end
        return done

    def _send_train(self, train: Sequence[Datagram]) -> None:
        first, address = train[0]
        if len(train) == 1:
            self._socket.sendto(first, address)
        else:
            size = struct.pack("=H", len(first))
            segmented = [(socket.IPPROTO_UDP, UDP_SEGMENT, size)]
            self._socket.sendmsg([datagram for datagram, _ in train], segmented, 0, address)

    def _failed(self, error: OSError, train: Sequence[Datagram]) -> None:
        first, address = train[0]
        # A route may have become too narrow for what had passed: that is one address's matter, and
        # a loss that recovery learns from.
        is_too_large = error.errno in _TOO_LARGE and len(first) > BASE_SIZE
        if len(train) > 1 and error.errno in _REFUSALS and not is_too_large:
            self.is_refused = True
            logger.info("No segmentation offload here, datagrams are sent one by one: %s", error)
        else:
            logger.debug("Sending %d datagrams to %s failed: %s", len(train), address, error)


def train_end(datagrams: Sequence[Datagram], start: int) -> int:
    """Behind the last datagram that can share a call with the one at `start`.

    All have one address and one size; only the last one may be shorter.
    """
    first, address = datagrams[start]
    size = len(first)
    limit = min(len(datagrams), start + min(MAX_SEGMENTS, MAX_SEGMENTED // size))
    end = start + 1
    while end < limit:
        datagram, its_address = datagrams[end]
        if its_address != address or len(datagram) > size:
            break
        end += 1
        if len(datagram) < size:
            break
    return end
