"""Any content of a first flight → a handshake, a close or silence; never an error of ours.

Covers what a client can say to the server before it has proven anything: any bytes as the TLS
messages of its CRYPTO stream, in any frames; any bytes as frames. Keys of Initial packets are
public (RFC 9001 §5.2), so this is open to everybody. No more is kept than one connection, and
that not for long; no more is sent than three times what came.
"""

from __future__ import annotations

from h3producer.quic.packets import VERSION_1, VERSION_2
from tests.fuzz.choices import Choices, chunk, cut
from tests.fuzz.network import Network, check_log
from tests.fuzz.sealed import CLIENT_HELLO, crypto_frame, initial_packet
from tests.fuzz.world import play

__all__ = ["SEEDS", "fuzz"]

MAX_PACKETS = 8
MAX_MESSAGES = 900
"""Bytes of TLS that fit one packet with their frames."""

TLS, FRAMES = 0, 1


def frames(*payloads: bytes) -> bytes:
    return bytes((FRAMES, 0)) + b"".join(map(chunk, payloads))


SEEDS = {
    "a handshake": bytes((TLS, 0, 0)) + CLIENT_HELLO,
    "version 2": bytes((TLS, 1, 0)) + CLIENT_HELLO,
    "in pieces": bytes((TLS, 0, 2, 40, 100)) + CLIENT_HELLO,
    "no TLS 1.3": bytes((TLS, 0, 0)) + CLIENT_HELLO.replace(b"\x03\x04", b"\x03\x03"),
    "another ALPN": bytes((TLS, 0, 0)) + CLIENT_HELLO.replace(b"\x02h3", b"\x02h9"),
    "a key of no curve": bytes((TLS, 0, 0)) + CLIENT_HELLO.replace(b"\x09" + bytes(31), bytes(32)),
    "not a ClientHello": bytes((TLS, 0, 0)) + b"\x02" + CLIENT_HELLO[1:],
    "a message of 16 MB": bytes((TLS, 0, 0)) + b"\x01\xff\xff\xff" + bytes(500),
    "a close": frames(bytes.fromhex("1c 00 00 00")),
    "an acknowledgement of nothing": frames(bytes.fromhex("02 05 00 00 00")),
    "far ahead": frames(crypto_frame(b"x", offset=60_000), crypto_frame(b"x", offset=1 << 40)),
    "overlapping": frames(crypto_frame(b"\x01\0\x01"), crypto_frame(b"\x01\0\x02", offset=1)),
    "a frame that is not allowed here": frames(bytes.fromhex("08 00 61")),
    "an unknown frame": frames(bytes.fromhex("2f")),
    "a cut frame": frames(bytes.fromhex("06 40")),
    "pings": frames(*[b"\x01"] * 5),
}


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    is_tls, version = choices.octet() == TLS, choices.pick((VERSION_1, VERSION_2))
    if is_tls:
        payloads = tls_payloads(choices)
    else:
        payloads = [choices.chunk() for _ in range(MAX_PACKETS) if choices]
    packets = [initial_packet(each, number, version) for number, each in enumerate(payloads)]
    check_log(play(scenario(packets)))


def tls_payloads(choices: Choices) -> list[bytes]:
    sizes = choices.sizes()
    payload, offset = b"", 0
    for piece in cut(choices.rest()[:MAX_MESSAGES], [4 * size for size in sizes]):
        payload += crypto_frame(piece, offset)
        offset += len(piece)
    return [payload[:1100]]


async def scenario(packets: list[bytes]) -> None:
    network = Network()
    await network.throw(*packets)
    assert len(network.endpoint._seats) <= 1
    await network.drive()
    await network.check_newcomer()
    await network.check_end()
