"""A client that breaks the rules of the transport: a `Peer` that lies.

This file knows how to send hand-made frames in packets of any type, to lie in the handshake, and to
do to its own datagrams what a bad network would. It refuses to know which lie is told (`cases/`).
aioquic does what is not lied about. Its one rule: silence is an answer, too, so every wait for the
server's end is bounded.

    async with rogue(target) as client:
        client.inject(quic_frames.stream(3, b"x"))  # a stream that only the server sends on
        assert str(await client.closing()) == "transport close STREAM_STATE_ERROR"
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

from aioquic.quic.connection import QuicConnection, QuicConnectionId
from aioquic.quic.packet import QuicPacketType, encode_long_header_first_byte
from aioquic.tls import Epoch, ExtensionType

from tests.conformance.case import Broken
from tests.conformance.observed import Close, Observed
from tests.conformance.octets import varint
from tests.conformance.peer import Opening, Peer, serves
from tests.conformance.quic_frames import (
    Parameters,
    encode_parameters,
    new_connection_id,
    parse_parameters,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.packet_builder import QuicPacketBuilder
    from aioquic.tls import SessionTicket

    from tests.conformance.target import Target

__all__ = ["Lies", "Odd", "Rogue", "RogueConnection", "rogue"]

PATIENCE = 1.5
"""Seconds for which a server's end is waited for before it counts as silence."""

_LONG_TYPES = {
    Epoch.INITIAL: QuicPacketType.INITIAL,
    Epoch.ZERO_RTT: QuicPacketType.ZERO_RTT,
    Epoch.HANDSHAKE: QuicPacketType.HANDSHAKE,
}


class Odd(TypedDict, total=False):
    """What is odd about the header of a packet."""

    reserved: int
    number: int
    source: bytes
    size: int
    """Octets of an Initial; 1200 unless it says so."""


@dataclass(frozen=True)
class Lies:
    """What is wrong with a client's handshake; by default nothing."""

    parameters: Callable[[Parameters], Parameters] = list
    """The transport parameters that are sent instead of the true ones."""
    extension: int | None = ExtensionType.QUIC_TRANSPORT_PARAMETERS
    """The type of the TLS extension with them; None leaves it out."""
    alpn: tuple[str, ...] | None = ("h3",)
    """What is offered as application protocol; None leaves the extension out."""
    early: Mapping[Epoch, bytes] = field(default_factory=dict)
    """Frames that are sent in a packet of their own as soon as there are keys."""
    odd: Odd = field(default_factory=Odd)
    """What is odd about these packets."""
    trailing: bytes = b""
    """Octets behind the ClientHello, in the same flow of CRYPTO data."""
    id_length: int = 8
    """Octets of its own connection ids; 0 is no lie, but rare with aioquic."""
    issues_ids: bool = True
    """Connection ids are issued beyond the first."""
    ticket: SessionTicket | None = None
    """A session to resume, with early data if it permits."""


class RogueConnection(QuicConnection):
    """aioquic's client, with a door at each place where it would insist on the rules."""

    gives_credit = True

    def __init__(self, lies: Lies, configuration: QuicConfiguration) -> None:
        self.tickets: list[SessionTicket] = []
        """What the server offers for a resumption."""
        self.server_close: Close | None = None
        """Its CONNECTION_CLOSE."""
        configuration.connection_id_length = lies.id_length
        super().__init__(configuration=configuration, session_ticket_handler=self.tickets.append)
        self._lies = lies
        self._early: dict[Epoch, bytes] = {}
        # What it calls the server at first needs eight octets, whatever it calls itself.
        self._peer_cid.cid = self._original_destination_connection_id = os.urandom(8)

    # What it says in its handshake

    def _serialize_transport_parameters(self) -> bytes:
        truth = parse_parameters(super()._serialize_transport_parameters())
        return encode_parameters(self._lies.parameters(truth))

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        ((_, parameters),) = self.tls.handshake_extensions
        extension = self._lies.extension
        self.tls.handshake_extensions = [] if extension is None else [(extension, parameters)]

    def _connect(self, now: float) -> None:
        super()._connect(now)
        self._early = dict(self._lies.early)  # anew after a Retry
        self._crypto_streams[Epoch.INITIAL].sender.write(self._lies.trailing)

    # What it puts into packets

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, object]]:
        ahead = self._take_early(Epoch.HANDSHAKE)
        datagrams = super().datagrams_to_send(now)
        behind = self._take_early(Epoch.INITIAL, Epoch.ZERO_RTT) if datagrams else []
        peer = self._network_paths[0].addr
        return [(each, peer) for each in ahead] + datagrams + [(each, peer) for each in behind]

    def _take_early(self, *epochs: Epoch) -> list[bytes]:
        ready = [each for each in epochs if each in self._early and self.has_keys(each)]
        return [self.seal(self._early.pop(each), each, **self._lies.odd) for each in ready]

    def has_keys(self, epoch: Epoch) -> bool:
        """Whether packets of this type can be protected."""
        return epoch in self._cryptos and self._cryptos[epoch].send.is_valid()

    def seal(self, payload: bytes, epoch: Epoch = Epoch.ONE_RTT, **odd: Unpack[Odd]) -> bytes:
        """A protected packet with exactly this payload, whatever aioquic thinks of it.

        An Initial fills a datagram, as it must.
        """
        number = odd.get("number", self._packet_number)
        reserved = odd.get("reserved", 0)
        self._packet_number = max(self._packet_number, number + 1)
        crypto = self._cryptos[epoch]
        destination = self._peer_cid.cid
        # Four octets of packet number: so even an empty payload suffices for header protection.
        if epoch is Epoch.ONE_RTT:
            header = bytes((0x43 | reserved << 3 | crypto.key_phase << 2,)) + destination
        else:
            assert self._version is not None
            first = encode_long_header_first_byte(
                self._version, _LONG_TYPES[epoch], 3 | reserved << 2
            )
            header = bytes((first,)) + self._version.to_bytes(4, "big")
            for connection_id in (destination, odd.get("source", self.host_cid)):
                header += bytes((len(connection_id),)) + connection_id
            if epoch is Epoch.INITIAL:
                header += varint(len(self._peer_token)) + self._peer_token
                payload = payload.ljust(odd.get("size", 1200) - len(header) - 2 - 4 - 16, b"\0")
            header += varint(4 + len(payload) + 16, 2)
        header += number.to_bytes(8, "big")[-4:]
        return crypto.encrypt_packet(header, payload, number)

    def _close_begin(self, is_initiator: bool, now: float) -> None:
        super()._close_begin(is_initiator, now)
        event = self._close_event
        if not is_initiator and event is not None:
            self.server_close = Close(
                event.error_code, event.frame_type is None, event.reason_phrase
            )

    @property
    def client_hello(self) -> bytes:
        """The TLS message that opens the handshake."""
        return bytes(self._crypto_streams[Epoch.INITIAL].sender._buffer)

    # What it does not do

    def _replenish_connection_ids(self) -> None:
        if self._lies.issues_ids:
            super()._replenish_connection_ids()

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: object) -> None:
        if self.gives_credit:
            super()._write_connection_limits(builder, space)  # type: ignore[arg-type]

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: object, stream: object
    ) -> None:
        if self.gives_credit:
            super()._write_stream_limits(builder, space, stream)  # type: ignore[arg-type]


class Rogue(Peer):
    """One connection of a client with lies in its handshake; see the module."""

    quic: RogueConnection

    def __init__(self, target: Target, lies: Lies) -> None:
        super().__init__(target, Opening(settings=None, qpack=False))
        configuration = self.quic.configuration
        configuration.alpn_protocols = None if lies.alpn is None else list(lies.alpn)
        configuration.session_ticket = lies.ticket
        self.quic = RogueConnection(lies, configuration)
        self.octets_received = 0
        """UDP payload that came from the server."""
        self.last_datagram = b""
        """The newest of it."""
        self.octets_sent = 0
        """UDP payload that went to it."""
        self.on_wire: Callable[[bytes], list[bytes]] = lambda datagram: [datagram]
        """What becomes of a datagram of aioquic's: nothing, itself, something else, several."""

    async def connect(self) -> None:
        """Begin the handshake; returns when it is confirmed, refused, or met with silence."""
        await self.move()
        self.quic.connect(self.target.address, self._loop.time())
        self.transmit()
        await self.happens(lambda: self.was_confirmed or self.close is not None)

    @property
    def is_reset(self) -> bool:
        """Whether the newest datagram says that the server has forgotten us (RFC 9000 §10.3)."""
        token = self.quic._peer_cid.stateless_reset_token
        return bool(token) and self.last_datagram.endswith(token)

    # Doing

    def inject(self, payload: bytes, epoch: Epoch = Epoch.ONE_RTT, **odd: Unpack[Odd]) -> None:
        """A packet with exactly these frames, in a datagram of its own."""
        self.send_datagram(self.quic.seal(payload, epoch, **odd))

    def send_datagram(self, octets: bytes) -> None:
        self.octets_sent += len(octets)
        super().send_datagram(octets)

    def transmit(self) -> None:
        if self._transport is None:
            return
        now = self._loop.time()
        for octets, _ in self.quic.datagrams_to_send(now):
            for each in self.on_wire(octets):
                self.send_datagram(each)
        super().transmit()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.octets_received += len(data)
        self.last_datagram = data
        super().datagram_received(data, addr)

    def issue(self, sequence: int, retire_prior_to: int = 0) -> None:
        """A NEW_CONNECTION_ID frame, and listen for it."""
        ours = self.quic._host_cids
        ours.append(QuicConnectionId(sequence.to_bytes(8, "big"), sequence, was_sent=True))
        self.quic._host_cid_seq = max(self.quic._host_cid_seq, sequence + 1)
        self.inject(new_connection_id(sequence, retire_prior_to))

    # Waiting

    async def happens(self, condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
        """Wait until it holds; False if it does not within `patience` seconds."""
        try:
            await self.until(condition, patience)
        except TimeoutError:
            return False
        return True

    async def closing(self, patience: float = PATIENCE) -> Close | None:
        """Wait for the server's CONNECTION_CLOSE; None if it sends none."""
        await self.happens(lambda: self.close is not None, patience)
        return self.close

    async def observe(self, note: str = "") -> Observed:
        """How this connection has ended, or that it lives; a new one if it never came to be.

        Raises `Broken` if the client had to end it.
        """
        if self.faults:
            raise Broken(f"aioquic's client finds fault with the server: {self.faults[0]}")
        lives = self.close is None and self.was_confirmed and await self.serves()
        if not self.was_confirmed:
            lives = await serves(self.target)
        return Observed(close=self.close, lives=lives, is_confirmed=self.was_confirmed, note=note)


@asynccontextmanager
async def rogue(target: Target, lies: Lies | None = None) -> AsyncIterator[Rogue]:
    """A client whose handshake is over, one way or the other."""
    client = Rogue(target, lies or Lies())
    try:
        await client.connect()
        yield client
    finally:
        if client.close is None:
            client.disconnect()
        client.vanish()
