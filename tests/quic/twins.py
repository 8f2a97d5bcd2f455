"""One connection twice: what one of two twins does in a short way, the other does as aioquic.

    twins = Twins()
    twins.receive(twins.packet(stream_frame(0, b"hello")))
    twins.agree()                  # asserts that nobody could tell one from the other

A twin is a copy of a server's connection after its handshake, keys included, so both take in the
same datagrams. `agree` compares all of aioquic's state, and all that the observers heard. The
client is a pair of keys: a test writes its packets frame by frame.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import os
import random
from collections import deque
from enum import Enum
from types import FunctionType, MethodType
from typing import TYPE_CHECKING

from aioquic.buffer import encode_uint_var
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.rangeset import RangeSet
from aioquic.quic.stream import QuicStreamReceiver, QuicStreamSender
from aioquic.tls import CipherSuite, Epoch

from h3producer.config import Config
from h3producer.quic.aioquic import AioquicEngine
from h3producer.quic.packets import parse_initial, parse_long_header
from tests.pair import Client, Frame, make_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h3producer.quic.aioquic.connection import AioquicConnection
    from h3producer.quic.engine import Address

__all__ = ["SERVER", "Listener", "Twins", "ack_frame", "differences", "twin_of"]

SERVER = ("198.51.100.1", 4433)
START = 1000.0


class Listener:
    """An `EngineObserver` that remembers, reads everything and answers nothing."""

    def __init__(self, connection: AioquicConnection) -> None:
        self.heard: list[tuple[object, ...]] = []
        self._connection = connection

    def early_data_accepted(self) -> None:
        self.heard.append(("early_data_accepted",))

    def handshake_completed(self) -> None:
        self.heard.append(("handshake_completed",))

    def connection_id_issued(self, connection_id: bytes) -> None:
        self.heard.append(("connection_id_issued",))

    def connection_id_retired(self, connection_id: bytes) -> None:
        self.heard.append(("connection_id_retired",))

    def peer_token_changed(self, old: bytes, new: bytes) -> None:
        self.heard.append(("peer_token_changed", old, new))

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        self.heard.append(("stream_data_received", stream_id, data, end_stream))
        self._connection.grant(stream_id, len(data))

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        self.heard.append(("stream_reset", stream_id, error_code))

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        self.heard.append(("stop_sending_received", stream_id, error_code))

    def datagram_received(self, data: bytes) -> None:
        self.heard.append(("datagram_received", data))

    def rule_broken(self, sentence: str) -> None:
        self.heard.append(("rule_broken", sentence))

    def connection_terminated(self, error_code: int, reason: str) -> None:
        self.heard.append(("connection_terminated", error_code, reason))


def ack_frame(*runs: tuple[int, int], delay: int = 0) -> Frame:
    """An ACK frame (RFC 9000 §19.3) of runs (first, last), from the highest to the lowest."""
    (low, high), *others = runs
    fields = [high, delay, len(others), high - low]
    for first, last in others:
        fields += [low - last - 2, last - first]
        low = first
    return 0x02, b"".join(map(encode_uint_var, fields))


class Twins:
    """A server's connection that reads in the short way, and one that leaves all to aioquic."""

    def __init__(
        self,
        cipher: CipherSuite = CipherSuite.AES_128_GCM_SHA256,
        *,
        fast_path: bool = Config.fast_path,
    ) -> None:
        """Both write as `fast_path` says; how they read is what they differ in."""
        original, client = _open(cipher, fast_path)
        self.address: Address = client.address
        self.fast, self.stock = (twin_of(original) for _ in range(2))
        self.fast.reads_fast, self.stock.reads_fast = True, False
        self.keys: CryptoPair = _copy_of_keys(client.quic._cryptos[Epoch.ONE_RTT])
        self.number = client.quic._packet_number
        self.now = START + 1

    # The client

    def packet(
        self,
        *frames: Frame,
        number: int | None = None,
        size: int = 2,
        bits: int = 0,
    ) -> bytes:
        """A 1-RTT packet; its number, by default the next one, in `size` bytes. `bits` go on top
        of the first byte.
        """
        if number is None:
            number = self.number
        self.number = max(self.number, number + 1)
        payload = b"".join(encode_uint_var(kind) + body for kind, body in frames)
        payload += bytes(max(0, 4 - size - len(payload)))  # long enough for a sample
        first = 0x40 | bits | self.keys.key_phase << 2 | (size - 1)
        truncated = (number & ((1 << 8 * size) - 1)).to_bytes(size)
        return self.keys.encrypt_packet(
            bytes((first,)) + self.fast.host_cid + truncated, payload, number
        )

    # Both of them

    @property
    def both(self) -> tuple[AioquicConnection, AioquicConnection]:
        return self.fast, self.stock

    def receive(self, data: bytes, address: Address | None = None) -> None:
        for each in self.both:
            each.receive_datagram(data, address or self.address, self.now)

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        for each in self.both:
            each.send(stream_id, data, end_stream)

    def flush(self) -> list[bytes]:
        """What the two send; fails unless that is the same, chance included."""
        seed = random.random()
        flights = []
        for each in self.both:
            with same_chance(seed):
                flights.append(each.datagrams_to_send(self.now))
        assert flights[0] == flights[1]
        return [data for data, _ in flights[0]]

    def fire(self) -> None:
        """Jump to the next timer."""
        when, other = (each.next_timer() for each in self.both)
        assert when == other
        if when is not None:
            self.now = max(self.now, when)
            for each in self.both:
                each.handle_timer(self.now)

    def agree(self) -> None:
        """Nobody could tell one from the other."""
        assert self.fast.next_timer() == self.stock.next_timer()
        differ = differences(self.fast, self.stock)
        assert not differ, differ

    @property
    def heard(self) -> list[tuple[object, ...]]:
        """What the observers were told, the handshake aside."""
        listener = self.fast.observer
        assert isinstance(listener, Listener)
        return listener.heard


@contextlib.contextmanager
def same_chance(seed: float) -> Iterator[None]:
    """Packet numbers are skipped, and challenges drawn, as at any other time with this seed."""
    random.seed(seed)
    urandom, os.urandom = os.urandom, random.randbytes
    try:
        yield
    finally:
        os.urandom = urandom


# Making twins


@functools.cache
def _open(cipher: CipherSuite, fast_path: bool) -> tuple[AioquicConnection, Client]:
    """Both ends after the handshake, when neither has more to say."""
    client = Client()
    client.quic.configuration.cipher_suites = [cipher]
    client.quic.connect(SERVER, START)
    engine = AioquicEngine(Config(fast_path=fast_path), make_credentials())
    server: AioquicConnection | None = None
    for step in range(8):
        now = START + step / 10
        for data, _ in client.quic.datagrams_to_send(now):
            if server is None:
                header = parse_long_header(data)
                assert header is not None
                initial = parse_initial(data, header)
                assert initial is not None
                server = engine.accept(initial, None)
                server.observer = Listener(server)
            server.receive_datagram(data, client.address, now)
        assert server is not None
        for data, _ in server.datagrams_to_send(now):
            client.quic.receive_datagram(data, SERVER, now)
    assert server is not None
    assert isinstance(server.observer, Listener)
    server.observer.heard.clear()
    return server, client


def twin_of(connection: AioquicConnection) -> AioquicConnection:
    """A copy that shares only what never changes: settings, and the parts of keys."""
    shared: list[object] = [connection.configuration, connection.tls, connection._logger]
    shared.append(connection.identity)
    shared += connection._crypto_buffers.values()
    for pair in (*connection._cryptos.values(), *connection._cryptos_initial.values()):
        for context in (pair.recv, pair.send):
            shared += [context.aead, context.hp]
    return copy.deepcopy(connection, {id(each): each for each in shared})


def _copy_of_keys(pair: CryptoPair) -> CryptoPair:
    keys = CryptoPair()
    for new, old in ((keys.recv, pair.recv), (keys.send, pair.send)):
        assert old.cipher_suite is not None
        assert old.secret is not None
        assert old.version is not None
        new.setup(cipher_suite=old.cipher_suite, secret=old.secret, version=old.version)
    return keys


# Comparing twins


def differences(one: AioquicConnection, other: AioquicConnection) -> dict[str, object]:
    """What is not the same in both, by where it stands."""
    facts: list[dict[str, object]] = []
    for each in (one, other):
        facts.append({})
        _describe(vars(each), "", facts[-1], set())
    ours, theirs = facts
    pairs = {name: (ours.get(name), theirs.get(name)) for name in sorted(ours.keys() | theirs)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


_NOT_COMPARED = {
    *(
        "ack_context",
        "acked_below",
        "acks_left",
        "decided",
        "gathered",
        "heard_at",
        "keys",
        "reads_fast",
    ),  # what the two ways keep for themselves
    *("_configuration", "_crypto_buffers", "_logger"),  # shared by both
    *("aead", "hp", "identity", "tls"),  # likewise
    *("_QuicConnection__frame_handlers", "_connection"),  # lead back to the connection
}


_HALVES = (vars(QuicStreamReceiver(0, readable=True)), vars(QuicStreamSender(0, writable=True)))


def _describe(value: object, where: str, facts: dict[str, object], seen: set[int]) -> None:
    """Write down all that a value consists of, as plain facts, by where they stand."""
    if isinstance(value, MethodType | FunctionType):
        facts[where] = value.__name__
    elif isinstance(value, RangeSet):
        facts[where] = list(value)
    elif isinstance(value, QuicStreamReceiver | QuicStreamSender):
        halves = {
            name: getattr(value, name) for name in _HALVES[isinstance(value, QuicStreamSender)]
        }
        _describe(halves, where, facts, seen)
    elif isinstance(value, dict):
        facts[where] = [key for key in value if key not in _NOT_COMPARED]
        for key, each in value.items():
            if key not in _NOT_COMPARED:
                _describe(each, f"{where}.{key}", facts, seen)
    elif isinstance(value, list | tuple | deque):
        facts[where] = len(value)
        for index, each in enumerate(value):
            _describe(each, f"{where}.{index}", facts, seen)
    elif hasattr(value, "__dict__") and not isinstance(value, Enum):
        if id(value) not in seen:
            seen.add(id(value))
            _describe(dict(sorted(vars(value).items())), where, facts, seen)
    elif hasattr(value, "__slots__"):
        _describe({name: getattr(value, name) for name in value.__slots__}, where, facts, seen)
    else:
        facts[where] = copy.copy(value)
