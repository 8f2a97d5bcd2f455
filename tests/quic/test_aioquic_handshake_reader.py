"""What the short way makes of a handshake is what aioquic makes of it, datagram by datagram."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest
from aioquic.quic.packet import QuicFrameType, QuicPacketType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.tls import CipherSuite, Epoch
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from h3producer.config import Config
from h3producer.quic.aioquic import AioquicEngine, server_tls
from h3producer.quic.aioquic.handshake_reader import HandshakeReadingConnection
from h3producer.quic.packets import VERSION_1, VERSION_2, parse_initial, parse_long_header
from tests.pair import Client, Frame, make_credentials
from tests.quic.twins import SERVER, Listener, differences, same_chance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h3producer.quic.aioquic.connection import AioquicConnection
    from h3producer.quic.engine import Address

START: Final = 1000.0
ADDRESS: Final[Address] = ("192.0.2.1", 50000)

# A signature by this key, and a share of this one, are the same each time.
CREDENTIALS = make_credentials(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SHARE = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))

INITIAL, HANDSHAKE = QuicPacketType.INITIAL, QuicPacketType.HANDSHAKE


def same_share(shares: Iterator[tuple[int, bytes]]) -> tuple[int, bytes, bytes]:
    """Stands in for `answer_key_share`, less chance."""
    theirs = dict(shares)[0x1D]
    shared = SHARE.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
    return 0x1D, SHARE.public_key().public_bytes_raw(), shared


class Twins:
    """A client, and two servers that hear the same of it."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client(ADDRESS)
        self.client.quic.connect(SERVER, START)
        self.now = START
        self.engine = AioquicEngine(Config(fast_path=True), CREDENTIALS)
        self.both: list[AioquicConnection] = []

    def say(self) -> list[bytes]:
        """What the client has to say."""
        return self.client.take(self.now)

    def hear(self, data: bytes, address: Address = ADDRESS) -> None:
        """Both servers hear a datagram, and are the same behind it."""
        seed = random.random()
        if not self.both:
            self.both = [self.accept(data, is_fast=True), self.accept(data, is_fast=False)]
        for each in self.both:
            with same_chance(seed):
                each.receive_datagram(data, address, self.now)
        self.agree()

    def accept(self, data: bytes, *, is_fast: bool) -> AioquicConnection:
        header = parse_long_header(data)
        assert header is not None
        initial = parse_initial(data, header)
        assert initial is not None
        with same_chance(1.0):
            connection = self.engine.accept(initial, None)
        connection.observer = Listener(connection)
        connection.reads_fast = is_fast
        return connection

    def answer(self) -> list[bytes]:
        """What both say."""
        seed = random.random()
        flights = []
        for each in self.both:
            with same_chance(seed):
                flights.append(each.datagrams_to_send(self.now))
        assert flights[0] == flights[1]
        self.agree()
        return [data for data, _ in flights[0]]

    def agree(self) -> None:
        differ = differences(*self.both)
        assert not differ, differ
        assert self.both[0].next_timer() == self.both[1].next_timer()

    def talk(self, rounds: int = 4) -> None:
        """Let a handshake take its course."""
        for _ in range(rounds):
            for data in self.say():
                self.hear(data)
            for data in self.answer():
                self.client.receive(data, SERVER, self.now)
            self.now += 0.01

    def packet(
        self, packet_type: QuicPacketType, *frames: Frame, number: int | None = None
    ) -> bytes:
        """A datagram of the client's with one packet, of exactly these frames and padding."""
        quic = self.client.quic
        epoch = Epoch.INITIAL if packet_type is INITIAL else Epoch.HANDSHAKE
        assert quic._version is not None
        builder = QuicPacketBuilder(
            host_cid=quic.host_cid,
            peer_cid=quic._peer_cid.cid,
            version=quic._version,
            is_client=True,
            max_datagram_size=1200,
            packet_number=quic._packet_number if number is None else number,
        )
        builder.start_packet(packet_type, quic._cryptos[epoch])
        for frame_type, body in frames:
            builder.start_frame(frame_type, capacity=1 + len(body)).push_bytes(body)
        (datagram,), _ = builder.flush()
        quic._packet_number = builder.packet_number
        return datagram


@pytest.fixture(autouse=True)
def _without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_tls, "answer_key_share", same_share)


def begun(client: Client | None = None) -> Twins:
    """The client has heard the servers' first flight."""
    twins = Twins(client)
    twins.talk(1)
    return twins


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
@pytest.mark.parametrize("suite", list(CipherSuite)[:3])
def test_a_handshake_takes_its_course(version: int, suite: CipherSuite) -> None:
    client = Client(ADDRESS, versions=[version])
    client.quic.configuration.cipher_suites = [suite]
    twins = Twins(client)
    twins.talk()
    assert client.quic._handshake_confirmed
    assert all(each._handshake_confirmed for each in twins.both)


def test_what_comes_when_it_is_over_does_nothing() -> None:
    twins = begun()
    spoken = twins.say()
    for data in spoken:
        twins.hear(data)
    assert twins.both[0]._handshake_confirmed
    for data in spoken:
        twins.hear(data)
        twins.hear(data, ("192.0.2.66", 1))
    assert twins.answer()


def test_requests_in_the_datagram_that_ends_it_are_heard_behind_its_end() -> None:
    twins = begun()
    twins.client.send(twins.client.open(), b"hello", end_stream=True)
    for data in twins.say():
        twins.hear(data)
    for each in twins.both:
        listener = each.observer
        assert isinstance(listener, Listener)
        names = [name for name, *_ in listener.heard]
        assert names.index("handshake_completed") < names.index("stream_data_received")


def test_a_client_may_change_the_version() -> None:
    client = Client(ADDRESS, versions=[VERSION_2, VERSION_1])
    client.quic.configuration.original_version = VERSION_1
    Twins(client).talk()
    assert client.quic._version == VERSION_2
    assert client.quic._handshake_confirmed


def test_an_ordinary_handshake_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    read = HandshakeReadingConnection.read_handshake

    def noted(
        self: HandshakeReadingConnection, data: bytes, addr: tuple[str, int], now: float
    ) -> bool:
        taken.append(read(self, data, addr, now))
        return taken[-1]

    monkeypatch.setattr(HandshakeReadingConnection, "read_handshake", noted)
    twins = Twins()
    twins.talk(2)
    assert taken == [True] * len(taken)
    assert len(taken) >= 2


def test_a_datagram_that_comes_twice_counts_once() -> None:
    twins = Twins()
    for _ in range(3):
        for data in twins.say():
            twins.hear(data)
            twins.hear(data)
        for data in twins.answer():
            twins.client.receive(data, SERVER, twins.now)
        twins.now += 0.01
    assert twins.both[0]._handshake_confirmed


def test_a_client_that_is_somewhere_else_meets_aioquic() -> None:
    twins = begun()
    for data in twins.say():
        twins.hear(data, ("192.0.2.66", 1))
    twins.answer()


@pytest.mark.parametrize("bit", [0, 5, 8 * 6, 8 * 20, 8 * 28, 8 * 40, 8 * 1000])
def test_a_bit_that_is_wrong_changes_what_it_changes_for_aioquic(bit: int) -> None:
    twins = begun()
    for data in twins.say():
        damaged = bytearray(data)
        if bit // 8 < len(data):
            damaged[bit // 8] ^= 1 << bit % 8
        twins.hear(bytes(damaged))
    twins.answer()


def test_a_datagram_that_is_cut_anywhere_is_for_both_the_same() -> None:
    twins = begun()
    for data in twins.say():
        for size in range(1, len(data), 7):
            twins.hear(data[:size])


FRAMES: list[list[Frame]] = [
    [(QuicFrameType.PADDING, bytes(20))],
    [(QuicFrameType.PING, b"")],
    [(QuicFrameType.PADDING, bytes(9)), (QuicFrameType.PING, b"")],
    [(QuicFrameType.ACK, b"\x00\x00\x00\x00")],
    [(QuicFrameType.ACK, b"\x01\x05\x00\x01"), (QuicFrameType.PING, b"")],
    [(QuicFrameType.ACK, b"\x00\x00\x00\x00")] * 3,
    [(QuicFrameType.ACK, b"\x09\x00\x00\x00")],  # was not sent
    [(QuicFrameType.ACK, b"\x00\x00\x00\x07")],  # below zero
    [(QuicFrameType.ACK_ECN, b"\x00\x00\x00\x00\x00\x00\x00")],
    [(QuicFrameType.CRYPTO, b"\x00\x05hello")],  # again, or not TLS at all
    [(QuicFrameType.CRYPTO, b"\x44\x00\x05hello")],  # behind a gap
    [(QuicFrameType.CRYPTO, b"\x80\x01\x00\x00\x05hello")],  # too far ahead
    [(QuicFrameType.CRYPTO, b"\x00\x44\x00hello")],  # cut off
    [(QuicFrameType.CRYPTO, b"\x00\x00")],
    [(QuicFrameType.PING, b""), (QuicFrameType.HANDSHAKE_DONE, b"")],  # not here
    [(QuicFrameType.PING, b""), (QuicFrameType.STREAM_BASE, b"\x00hello")],
    [(QuicFrameType.TRANSPORT_CLOSE, b"\x00\x00\x00")],
    [(0x21, b"")],  # unknown
]


@pytest.mark.parametrize("packet_type", [INITIAL, HANDSHAKE])
@pytest.mark.parametrize("frames", FRAMES)
def test_any_frames_do_what_they_do_to_aioquic(
    packet_type: QuicPacketType, frames: list[Frame]
) -> None:
    twins = begun()
    twins.hear(twins.packet(packet_type, *frames))
    twins.answer()
    twins.now += 0.2
    for each in twins.both:
        each.handle_timer(twins.now)
    twins.agree()


def test_the_first_packet_may_have_no_crypto_frame() -> None:
    twins = Twins()
    first = twins.say()
    twins.hear(twins.packet(INITIAL, (QuicFrameType.PING, b"")))
    for data in first:
        twins.hear(data)
    assert twins.answer()


def test_a_hello_may_come_in_pieces_and_out_of_order() -> None:
    twins = Twins()
    hello = bytes(twins.client.quic._crypto_streams[Epoch.INITIAL].sender._buffer)
    twins.client.quic._packet_number = 10
    for start, stop in ((200, len(hello)), (0, 100), (100, 200)):
        body = (0x4000 | start).to_bytes(2) + (0x4000 | stop - start).to_bytes(2)
        frame = QuicFrameType.CRYPTO, body + hello[start:stop]
        twins.hear(twins.packet(INITIAL, frame))
    assert twins.answer()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_whatever_becomes_of_the_datagrams_both_ways_come_to_the_same(seed: int) -> None:
    dice = random.Random(seed)
    twins = Twins()
    heard = False
    for _ in range(10):
        spoken = twins.say()
        dice.shuffle(spoken)
        for data in spoken:
            fate = dice.random() if heard else 1.0  # the first packet makes the connection
            heard = True
            if 0.2 <= fate < 0.3:
                twins.hear(data[: dice.randrange(1, len(data))])
            elif 0.3 <= fate < 0.4:
                twins.hear(data + dice.randbytes(dice.randrange(100)))
            elif fate >= 0.4:
                twins.hear(data)
            if fate > 0.9:
                twins.hear(data)
        for data in twins.answer():
            if dice.random() > 0.2:
                twins.client.receive(data, SERVER, twins.now)
        twins.now += dice.choice((0.001, 0.05, 0.5))
        twins.client.fire_timer(twins.now)
        for each in twins.both:
            each.handle_timer(twins.now)
        twins.agree()
