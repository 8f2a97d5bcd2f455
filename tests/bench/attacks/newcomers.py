"""Attacks by those who are not connected yet: floods of first packets, and connection churn.

This file knows how an Initial packet is made for any connection id. Its one rule: a flood is as
fast as it can be, so all its packets are made beforehand, and nobody listens to what comes back.
"""

from __future__ import annotations

import os
import random
import socket
import time
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair

from h3producer.quic.packets import VERSION_1, encode_long_header, parse_long_header
from tests.bench.attacks.assailant import SOURCE
from tests.bench.attacks.line import Line
from tests.bench.attacks.raid import Outcome
from tests.bench.client import drive

__all__ = ["POOL", "churn", "garbage_initials", "valid_initials"]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Attack = Callable[[tuple[str, int], float], Outcome]

__all__ = ["churn", "garbage_initials", "valid_initials"]

POOL = 4800
"""Packets that are made beforehand, each to a connection id of its own; a multiple of the number of
addresses, so that each always comes from the same one."""

FORGED = [f"127.1.{number // 200}.{1 + number % 200}" for number in range(400)]
"""Addresses of this machine. A real attacker writes on his packets whatever he likes."""

CHURNERS = 4
"""Connections that are opened at once."""


def garbage_initials() -> Attack:
    """First packets whose header is right, and the rest noise."""
    generator = random.Random(9000)
    noise = [generator.randbytes(1200) for _ in range(100)]
    packets = []
    for octets, _ in zip(cycle(noise), range(POOL)):
        header = _initial_header(os.urandom(8), b"attacker")
        packets.append(header + octets[len(header) :])
    return partial(_flood, packets)


def valid_initials() -> Attack:
    """First packets with a ClientHello that deserves an answer, from addresses that are forged."""
    source_id, plain = _client_hello()
    return partial(_flood, [_encrypted_initial(source_id, plain) for _ in range(POOL)])


def _flood(packets: Sequence[bytes], address: tuple[str, int], seconds: float) -> Outcome:
    """Send these in turn, from all addresses in turn."""
    senders = [_socket(host, address) for host in FORGED]
    outcome = Outcome()
    end = time.monotonic() + seconds
    for number, (octets, sender) in enumerate(zip(cycle(packets), cycle(senders))):
        if number % 64 == 0 and time.monotonic() > end:
            break
        try:
            sender.send(octets)
        except OSError:
            continue
        outcome.datagrams += 1
    for sender in senders:
        sender.close()
    return outcome


def churn(address: tuple[str, int], seconds: float) -> Outcome:
    """Connect, ask once, leave, and again; a few at once."""
    outcome = Outcome()
    lines: list[Line] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        while len(lines) < CHURNERS:
            lines.append(Line(address, source=SOURCE))
            outcome.connections += 1
        drive([each.peer for each in lines], lambda: _advance(lines), 60.0)
        for line in [each for each in lines if each.took is not None or each.is_lost]:
            outcome.ends["closed by the server" if line.is_lost else "left"] += 1
            lines.remove(line)
            line.close()
            outcome.datagrams += line.peer.datagrams_sent
    outcome.ends["open"] += len(lines)
    for line in lines:
        line.close()
    return outcome


def _advance(lines: list[Line]) -> bool:
    """Ask where that is possible; whether one of them is finished."""
    for line in lines:
        if line.is_idle and line.took is None:
            line.ask(line.started)
    return any(each.took is not None or each.is_lost for each in lines)


def _socket(host: str, address: tuple[str, int]) -> socket.socket:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((host, 0))
    sender.connect(address)
    return sender


def _initial_header(destination_id: bytes, source_id: bytes) -> bytes:
    """Up to the packet number, for a datagram of 1,200 bytes."""
    head = encode_long_header(0xC3, VERSION_1, destination_id, source_id) + b"\x00"
    return head + (0x4000 | 1200 - len(head) - 2).to_bytes(2, "big")


def _client_hello() -> tuple[bytes, bytes]:
    """The source id, which it names, and the frames of a first packet as aioquic makes it."""
    client = QuicConnection(
        configuration=QuicConfiguration(
            is_client=True, alpn_protocols=["h3"], server_name="localhost"
        )
    )
    client.connect(("192.0.2.1", 443), 0.0)
    octets = client.datagrams_to_send(0.0)[0][0]
    header = parse_long_header(octets)
    assert header is not None
    crypto = CryptoPair()
    crypto.setup_initial(header.destination_id, is_client=False, version=VERSION_1)
    start = 7 + len(header.destination_id) + len(header.source_id) + 3  # token and length
    end = start + (int.from_bytes(octets[start - 2 : start], "big") & 0x3FFF)
    _, plain, _ = crypto.decrypt_packet(octets[:end], start, 0)
    return header.source_id, plain


def _encrypted_initial(source_id: bytes, plain: bytes) -> bytes:
    destination_id = os.urandom(8)
    crypto = CryptoPair()
    crypto.setup_initial(destination_id, is_client=True, version=VERSION_1)
    header = _initial_header(destination_id, source_id) + bytes(4)
    room = 1200 - len(header) - 16
    return crypto.encrypt_packet(header, plain[:room].ljust(room, b"\0"), 0)
