"""Datagrams as large as the path takes: probes, and who listens for what became of them.

This file knows how a probe is made, when one is worth it, and what of aioquic has to know the size
of a datagram. It refuses to know which size is tried (`quic/mtu_search.py`).

Its one rule: nobody waits for a probe. It goes behind a download's packets, counts neither as in
flight nor as something to be acknowledged, and no timer is set for it; a short connection has none.
RFC 9000 §14.4: "Loss of a QUIC packet that is carried in a PMTU probe is therefore not a reliable
indication of congestion and SHOULD NOT trigger a congestion control reaction".

aioquic 1.7.2 sends what it is told to, 1200 bytes or more, from the first packet on, and pads
packets that validate a path to as much. Those have 1200 bytes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.packet import QuicFrameType, QuicPacketType
from aioquic.quic.packet_builder import QuicDeliveryState, QuicPacketBuilder
from aioquic.tls import Epoch

from h3producer.quic.aioquic.congestion import BoundedControl
from h3producer.quic.aioquic.fast_writer import FastWritingConnection
from h3producer.quic.aioquic.packing import SMALLEST_STREAM_FRAME
from h3producer.quic.mtu_search import BASE_SIZE, MtuSearch

if TYPE_CHECKING:
    from aioquic.quic.connection import NetworkAddress, QuicNetworkPath

__all__ = ["PathMtuConnection"]

FIRST_PROBE = 32
"""Packets on a path before it is worth a probe: a handshake and a page of 30 kB."""

PAUSE = 16
"""Packets until somebody asks again: behind a probe or a packet that was watched, or if what leaves
is no download."""

LONG_PAUSE = 1024
"""Packets until somebody asks again, where there is nothing to be gained."""

MAX_TIMEOUTS = 2
"""Probe timeouts in a row after which large packets are to blame."""

_UNDECIDED = 1 << 62
"""Instead of a packet number: until what was sent is decided."""


class PathMtuConnection(FastWritingConnection):
    """A QuicConnection that sends larger datagrams where they arrive."""

    datagram_ceiling: int
    next_look = FIRST_PROBE
    """The packet number from which on `look` has something to do."""
    search: MtuSearch | None = None
    """What is known of the path; None while nothing was tried."""
    searched_path: QuicNetworkPath | None = None

    def look(
        self, datagrams: list[tuple[bytes, NetworkAddress]], now: float
    ) -> list[tuple[bytes, NetworkAddress]]:
        """A probe to send behind these datagrams, which have just been written, or nothing.

        If they are part of a download; where no probe is due, one of them is watched instead.
        """
        search = self.search
        if search is not None and search.size > self._max_datagram_size:
            self.resize(search.size)
        full = self._max_datagram_size - SMALLEST_STREAM_FRAME
        if not datagrams or len(datagrams[0][0]) <= full or not self.is_everyday():
            self.next_look = self._packet_number + PAUSE
            return []
        if search is None:
            search = self.search = MtuSearch(self.datagram_ceiling)
            self.searched_path = self._network_paths[0]
        size = search.next_probe(now)
        if size is not None:
            return [self.write_probe(search, size, now)]
        if search.size == BASE_SIZE:
            self.next_look = self._packet_number + LONG_PAUSE
        else:
            self.watch(search, self._packet_number - len(datagrams))
        return []

    def write_probe(self, search: MtuSearch, size: int, now: float) -> tuple[bytes, NetworkAddress]:
        """A packet of PING and PADDING that makes a datagram of this size (RFC 9000 §14.4)."""
        assert self._version is not None
        path = self._network_paths[0]
        builder = QuicPacketBuilder(
            host_cid=self.host_cid,
            peer_cid=self._peer_cid.cid,
            version=self._version,
            is_client=self._is_client,
            max_datagram_size=size,
            packet_number=self._packet_number,
            spin_bit=self._spin_bit,
        )
        builder.start_packet(QuicPacketType.ONE_RTT, self._cryptos[Epoch.ONE_RTT])
        frame = builder.start_frame(
            QuicFrameType.PING, handler=self.probe_decided, handler_args=(search, size)
        )
        frame.push_bytes(bytes(builder.remaining_buffer_space))
        (datagram,), (packet,) = builder.flush()
        packet.sent_time = now
        packet.in_flight = packet.is_ack_eliciting = False  # as far as recovery is concerned
        self._spaces[Epoch.ONE_RTT].sent_packets[packet.packet_number] = packet
        self._packet_number = builder.packet_number
        self.next_look = _UNDECIDED
        path.bytes_sent += size
        return datagram, path.addr

    def probe_decided(self, delivery: QuicDeliveryState, search: MtuSearch, size: int) -> None:
        """A probe has arrived or was lost; perhaps on a path that is not in use any more."""
        if search is self.search:
            if delivery is QuicDeliveryState.ACKED:
                search.probe_passed(size)
                self.next_look = 0  # in the middle of an ACK windows do not change their measure
            else:
                search.probe_lost(size)
                self.next_look = self._packet_number + PAUSE

    # Black holes

    def watch(self, search: MtuSearch, number: int) -> None:
        """Listen for what becomes of the packet with this number, if it is a large one."""
        packet = self._spaces[Epoch.ONE_RTT].sent_packets.get(number)
        if packet is None or packet.sent_bytes <= BASE_SIZE:
            self.next_look = self._packet_number + PAUSE
        else:
            packet.delivery_handlers.append((self.watched_decided, (search,)))
            self.next_look = _UNDECIDED

    def watched_decided(self, delivery: QuicDeliveryState, search: MtuSearch) -> None:
        """The large packet that was watched has arrived or was lost."""
        if search is self.search:
            if delivery is QuicDeliveryState.ACKED:
                search.packet_passed()
            else:
                search.packet_lost()
                self.resize(search.size)
            self.next_look = self._packet_number + PAUSE

    def handle_timer(self, now: float) -> None:
        super().handle_timer(now)
        search = self.search
        if search is not None:
            self.notice_the_path()
            # Nothing arrives at all: a smaller packet will tell whether that is the reason.
            if self._loss._pto_count >= MAX_TIMEOUTS and search.size > BASE_SIZE:  # noqa: SLF001
                search.fall_back()
                self.resize(BASE_SIZE)

    # Paths

    def receive_datagram(self, data: bytes, addr: NetworkAddress, now: float) -> None:
        super().receive_datagram(data, addr, now)
        if self.search is not None:
            self.notice_the_path()

    def notice_the_path(self) -> None:
        """Start anew on another path, also on one that was in use before.

        RFC 9000 §14 has a size for each pair of addresses; a client that is behind another port
        may be behind another router.
        """
        if self._network_paths[0] is not self.searched_path:
            self.search = self.searched_path = None
            self.next_look = self._packet_number + FIRST_PROBE
            self.resize(BASE_SIZE)

    def _send_probing_frames(
        self, network_path: QuicNetworkPath, now: float
    ) -> list[tuple[bytes, NetworkAddress]]:
        # RFC 9000 §8.2.1: "An endpoint MUST expand datagrams that contain a PATH_CHALLENGE frame to
        # at least the smallest allowed maximum datagram size of 1200 bytes". What passes the path
        # in use says nothing about this one.
        size, self._max_datagram_size = self._max_datagram_size, BASE_SIZE
        try:
            return super()._send_probing_frames(network_path, now)
        finally:
            self._max_datagram_size = size

    # The size in use

    def resize(self, size: int) -> None:
        """Whatever counts in datagrams counts in those of this size from now on."""
        if size == self._max_datagram_size:
            return
        self._max_datagram_size = size
        self.pacer.datagram_size_changed(size)
        control = self._loss._cc  # noqa: SLF001
        assert isinstance(control, BoundedControl)
        control.datagram_size_changed(size)
