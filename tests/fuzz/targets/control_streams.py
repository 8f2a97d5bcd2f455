"""Any bytes on any unidirectional streams, cut anywhere → the same knowledge, or the same close.

Covers `http3/control_stream.py` through the connection. Allowed: a close with a code that RFC 9114
§8.1 or RFC 9204 §6 has for these streams. All credit is given back, and of streams whose type is
not known yet less than one integer is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.config import Config
from h3producer.errors import ErrorCode
from tests.fuzz.choices import Choices, chunk, cut
from tests.http3.harness import CONTROL as CONTROL_STREAM
from tests.http3.harness import DECODER, ENCODER, Client

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream

__all__ = ["SEEDS", "fuzz"]

CONFIG = Config(max_control_payload=64)
STREAMS = (2, 6, 10, 14)
OURS = {2: CONTROL_STREAM, 6: ENCODER, 10: DECODER, 14: CONTROL_STREAM}
LONGEST_TYPE = 8

ALLOWED = {
    ErrorCode.H3_STREAM_CREATION_ERROR,
    ErrorCode.H3_CLOSED_CRITICAL_STREAM,
    ErrorCode.H3_FRAME_UNEXPECTED,
    ErrorCode.H3_FRAME_ERROR,
    ErrorCode.H3_EXCESSIVE_LOAD,
    ErrorCode.H3_ID_ERROR,
    ErrorCode.H3_SETTINGS_ERROR,
    ErrorCode.H3_MISSING_SETTINGS,
    ErrorCode.QPACK_ENCODER_STREAM_ERROR,
    ErrorCode.QPACK_DECODER_STREAM_ERROR,
}

SEND, FIN, RESET, STOP = range(4)


def on(stream: int, octets: str, kind: int = SEND) -> bytes:
    """An input as `inputs` reads it: on which of the `STREAMS`, and what."""
    return bytes((stream, kind)) + chunk(bytes.fromhex(octets))


CONTROL = on(0, "00 04 00")

SEEDS = {
    "all three": b"\0" + on(0, "00 04 02 0700") + on(1, "02") + on(2, "03"),
    "one octet at a time": b"\x01\0" + on(0, "00 04 05 06 80040000 07 01 05") + on(1, "4002 20"),
    "GOAWAY and push ids": b"\0" + CONTROL + on(0, "07 01 05 0d 01 03 0d 01 07 07 01 05"),
    "GOAWAY that grows": b"\0" + CONTROL + on(0, "07 01 05 07 01 06"),
    "MAX_PUSH_ID that shrinks": b"\0" + CONTROL + on(0, "0d 01 03 0d 01 02"),
    "CANCEL_PUSH": b"\0" + CONTROL + on(0, "03 01 00"),
    "PRIORITY_UPDATE": b"\0" + CONTROL + on(0, "800f0700 04 00 753d31"),
    "grease": b"\0" + CONTROL + on(0, "21 03 616263") + on(3, "21 6162") + on(3, "63", FIN),
    "no SETTINGS": b"\0" + on(0, "00 07 01 00"),
    "SETTINGS twice": b"\0" + CONTROL + on(0, "04 00"),
    "a frame of HTTP/2": b"\0" + CONTROL + on(0, "06 00"),
    "DATA": b"\0" + CONTROL + on(0, "00 01 61"),
    "too large": b"\0" + on(0, "00 04 4041"),
    "two control streams": b"\0" + CONTROL + on(1, "00"),
    "a push stream": b"\0" + on(0, "01 00"),
    "the end of a critical stream": b"\0" + CONTROL + on(0, "", FIN),
    "a reset of a critical stream": b"\0" + on(1, "02") + on(1, "", RESET),
    "a stop of ours": b"\0" + on(0, "", STOP),
    "an end before the type": b"\0" + on(0, "40") + on(0, "", FIN) + on(1, "") + on(1, "", RESET),
    "an instruction": b"\0" + on(1, "02 3f e11f"),
    "an acknowledgment": b"\0" + on(1, "03 80"),
}


@dataclass
class Outcome:
    """What the server has learnt of its peer, and what it did about it."""

    close_code: int | None
    settings: dict[int, int] | None
    goaway_id: int | None
    max_push_id: int | None
    stops: dict[int, int]


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    sizes = choices.sizes()
    inputs = []
    while choices:
        inputs.append((choices.pick(STREAMS), choices.below(4), choices.chunk()))
    whole = outcome(inputs, [])
    assert outcome(inputs, sizes) == whole
    assert whole.close_code is None or whole.close_code in ALLOWED


def outcome(inputs: list[tuple[int, int, bytes]], sizes: list[int]) -> Outcome:
    client = Client(never, config=CONFIG)
    ended: set[int] = set()
    for stream_id, kind, octets in inputs:
        if client.transport.is_lost:
            break
        if kind == STOP:
            client.stop(on=OURS[stream_id])
        elif stream_id not in ended:
            if kind == RESET:
                client.reset(on=stream_id)
            else:
                client.send(*cut(octets, sizes), on=stream_id, end=kind == FIN)
            if kind != SEND:
                ended.add(stream_id)
        check_bounds(client)
    check_credit(client)
    peer = client.connection.peer
    return Outcome(
        client.close_code, peer.settings, peer.goaway_id, peer.max_push_id, client.transport.stops
    )


def check_bounds(client: Client) -> None:
    unidirectional = client.connection._unidirectional
    assert len(unidirectional._heads) <= len(STREAMS)
    assert all(len(head) < LONGEST_TYPE for head in unidirectional._heads.values())


def check_credit(client: Client) -> None:
    if not client.transport.is_lost:
        for stream_id, count in client._delivered.items():
            assert client.transport.granted[stream_id] == count


async def never(stream: Http3Stream) -> None:  # pragma: no cover
    raise AssertionError("Nobody asked for anything.")
