"""Any bytes on the two QPACK streams, cut anywhere → nothing, or the code of that stream.

Covers the instruction streams of `wire/qpack.py`. Allowed: QPACK_ENCODER_STREAM_ERROR and
QPACK_DECODER_STREAM_ERROR. At most the beginning of one instruction is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from tests.fuzz.choices import Choices, cut

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SEEDS", "fuzz"]

LONGEST_INTEGER = 10

SEEDS = {
    "capacity 0": bytes.fromhex("00 20 20"),
    "capacity 1": bytes.fromhex("00 21"),
    "an insertion": bytes.fromhex("00 c1 01 61"),
    "a cancellation": bytes.fromhex("00 44 48"),
    "a large cancellation": bytes.fromhex("0100 7f ffffffff ffffff0f"),
    "a cancellation without end": bytes.fromhex("00 7f") + b"\xff" * 12,
    "an acknowledgment": bytes.fromhex("00 80"),
    "an increment": bytes.fromhex("00 01"),
}


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    sizes, stream = choices.sizes(), choices.rest()
    pieces = cut(stream, sizes)

    of_encoder = outcome([stream], FieldSectionDecoder().feed_encoder_stream)
    assert of_encoder in (None, ErrorCode.QPACK_ENCODER_STREAM_ERROR)
    assert outcome(pieces, FieldSectionDecoder().feed_encoder_stream) == of_encoder

    of_decoder = outcome([stream], FieldSectionEncoder().feed_decoder_stream)
    assert of_decoder in (None, ErrorCode.QPACK_DECODER_STREAM_ERROR)
    encoder = FieldSectionEncoder()
    assert outcome(pieces, encoder.feed_decoder_stream) == of_decoder
    assert len(encoder._held) < LONGEST_INTEGER


def outcome(pieces: list[bytes], feed: Callable[[bytes], object]) -> int | None:
    try:
        for piece in pieces:
            feed(piece)
    except Http3ConnectionError as error:
        return error.error_code
    return None
