"""Any bytes → a SETTINGS payload that says the same again, or one documented connection error.

Covers `wire/settings.py`. Allowed: Http3ConnectionError with H3_FRAME_ERROR (cut) or
H3_SETTINGS_ERROR (reserved or doubled).
"""

from __future__ import annotations

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.settings import encode_settings, parse_settings
from h3producer.wire.varint import MAX_VARINT

__all__ = ["SEEDS", "fuzz"]

ALLOWED = {ErrorCode.H3_FRAME_ERROR, ErrorCode.H3_SETTINGS_ERROR}

SEEDS = {
    "none": b"",
    "a browser's": bytes.fromhex("01 80010000 06 80040000 07 4064 33 01"),
    "the largest limit": bytes.fromhex("06 ffffffffffffffff"),
    "grease": bytes.fromhex("4081 c0000000ffffffff"),
    "reserved": bytes.fromhex("02 00"),
    "twice": bytes.fromhex("06 01 4006 01"),
    "cut": bytes.fromhex("06 80"),
}


def fuzz(data: bytes) -> None:
    try:
        settings = parse_settings(data)
    except Http3ConnectionError as error:
        if error.error_code not in ALLOWED:
            raise
        return
    assert all(0 <= number <= MAX_VARINT for pair in settings.items() for number in pair)
    assert 2 * len(settings) <= len(data)
    again = parse_settings(encode_settings(settings))
    assert list(again.items()) == list(settings.items())
