"""Any frames of a connected client → an answer or a close of its connection, no one else's.

Covers what aioquic and what we have built on it make of payloads that only one client can seal, in
the handshake or after it: any bytes, and each frame of RFC 9000 §19 with any fields. Nothing of it
is an error of the server's; what is received and not read stays within the windows; a neighbour is
served afterwards as before.
"""

from __future__ import annotations

from aioquic.buffer import encode_uint_var

from h3producer.wire.varint import MAX_VARINT
from tests.fuzz.choices import Choices, chunk
from tests.fuzz.network import Network, check_log
from tests.fuzz.sealed import handshake_packet, one_rtt_packet
from tests.fuzz.world import play
from tests.http3.harness import GET
from tests.pair import Client

__all__ = ["SEEDS", "fuzz"]

MAX_PACKETS = 12
NEIGHBOUR = ("192.0.2.2", 50002)

RAW, FRAME, DRIVE, WAIT = range(4)

# Type and shape of each frame: n is an integer, b a string with its length before it, and a number
# is so many octets.
SHAPES = (
    *((0x00, ""), (0x01, ""), (0x02, "nnnn"), (0x02, "nn1nnn"), (0x03, "nnnnnnn"), (0x04, "nnn")),
    *((0x05, "nn"), (0x06, "nb"), (0x07, "b"), (0x08, "n4"), (0x0B, "nb"), (0x0E, "nnb")),
    *((0x0F, "nnb"), (0x10, "n"), (0x11, "nn"), (0x12, "n"), (0x13, "n"), (0x14, "n")),
    *((0x15, "nn"), (0x16, "n"), (0x17, "n"), (0x18, "nnb88"), (0x19, "n"), (0x1A, "8")),
    *((0x1B, "8"), (0x1C, "nnb"), (0x1D, "nb"), (0x1E, ""), (0x30, "4"), (0x31, "b"), (0x2F, "n")),
)
NUMBERS = (0, 1, 2, 3, 4, 5, 7, 8, 100, 508, 512, 1 << 14, 1 << 18, 1 << 20, 1 << 32, 1 << 60)

IN_HANDSHAKE, CONNECTED = range(2)

_SEEDS = {
    "a request": bytes((RAW,)) + chunk(b"\x0b\x00" + bytes((len(GET),)) + GET),
    "a request in pieces, the last first": bytes((RAW,))
    + chunk(b"\x0f\x00\x0a" + bytes((len(GET) - 10,)) + GET[10:])
    + bytes((RAW,))
    + chunk(b"\x0e\x00\x00\x0a" + GET[:10]),
    "data beyond the window": bytes((RAW,)) + chunk(b"\x0e\x00\x80\x04\x00\x00\x01x"),
    "a stream beyond the limit": bytes((RAW,)) + chunk(b"\x08\x44\x00x"),
    "two ends": bytes((RAW,)) + chunk(b"\x0b\x00\x01x" + b"\x0f\x00\x05\x01x"),
    "reset and stop": bytes((RAW,)) + chunk(b"\x04\x00\x41\x0c\x00" + b"\x05\x00\x41\x0c"),
    "an acknowledgement of the future": bytes((RAW,)) + chunk(b"\x02\x7f\xff\x00\x00\x00"),
    "ids": bytes((RAW,)) + chunk(b"\x18\x05\x00\x08" + bytes(24) + b"\x19\x00"),
    "a wrong PATH_RESPONSE": bytes((RAW,)) + chunk(b"\x1b" + bytes(8)),
    "a close": bytes((RAW,)) + chunk(b"\x1d\x41\x00\x00"),
    "an empty packet": bytes((RAW, 0)),
    "frames that only servers send": bytes((RAW,))
    + chunk(b"\x1e")
    + bytes((RAW,))
    + chunk(b"\x07\x01x"),
    **{
        f"{frame_type:#04x}, {number}": bytes((FRAME, number, *range(8))) + chunk(b"x") * 3
        for number, (frame_type, _) in enumerate(SHAPES)
    },
}
SEEDS = {
    **{name: bytes((CONNECTED,)) + seed for name, seed in _SEEDS.items()},
    **{f"{name}, too early": bytes((IN_HANDSHAKE,)) + seed for name, seed in _SEEDS.items()},
}


def fuzz(data: bytes) -> None:
    check_log(play(scenario(Choices(data))))


async def scenario(choices: Choices) -> None:
    network = Network()
    client, neighbour = Client(("192.0.2.1", 50001)), Client(NEIGHBOUR)
    network.proven.update((client.address, neighbour.address))
    await network.connect(neighbour)
    if choices.flag():
        seal = one_rtt_packet
        await network.connect(client)
    else:
        seal = handshake_packet
        await network.begin_handshake(client)
    for _ in range(MAX_PACKETS):
        if not choices or client.terminated is not None:
            break
        kind = choices.below(4)
        if kind == DRIVE:
            await network.drive()
        elif kind == WAIT:
            await network.advance(1.0)
        else:
            payload = choices.chunk() if kind == RAW else frame(choices)
            await network.throw(seal(client, payload), address=client.address)
            check_buffers(network)
    await network.drive()
    assert await network.is_served(neighbour)
    await network.check_end()


def frame(choices: Choices) -> bytes:
    """A frame whose form is right, whatever it says."""
    frame_type, shape = choices.pick(SHAPES)
    parts = [encode_uint_var(frame_type)]
    for part in shape:
        if part == "n":
            number = choices.pick(NUMBERS) + choices.below(3) - 1
            parts.append(encode_uint_var(max(0, min(number, MAX_VARINT))))
        elif part == "b":
            parts.append(chunk(choices.chunk()[:63]))
        else:
            parts.append(choices.take(int(part)).ljust(int(part), b"\0"))
    return b"".join(parts)


def check_buffers(network: Network) -> None:
    held = sum(
        len(stream.receiver._buffer)
        for transport in network.transports
        for stream in getattr(transport._connection, "_streams", {}).values()
    )
    assert held <= 2 * network.config.connection_buffer
