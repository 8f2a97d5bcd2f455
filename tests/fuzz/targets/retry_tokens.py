"""Any bytes → not a token of ours; a token of ours holds for its client, id and time alone.

Covers `quic/keys/tokens.py`. Allowed: WrongTokenError, for a token that is ours and does not hold
here and now. Whatever the ids are, a client can read the Retry packet that carries it.
"""

from __future__ import annotations

from aioquic._buffer import Buffer
from aioquic.quic.packet import QuicPacketType, get_retry_integrity_tag, pull_quic_header

from h3producer.quic.keys.tokens import TOKEN_LIFETIME, RetryTokens, WrongTokenError, encode_retry
from h3producer.quic.packets import VERSION_1, VERSION_2, InitialPacket
from tests.fuzz.choices import Choices, chunk

__all__ = ["SEEDS", "fuzz"]

ADDRESSES = (("192.0.2.1", 50000), ("192.0.2.1", 50001), ("2001:db8::1", 50000), ("::", 0))
AGES = (0.0, 29.9, 30.1, 1e9, -1.0)
TAG = 16

SEEDS = {
    "a good one": bytes(4) + chunk(b"original") + chunk(b"retry-id"),
    "another port": bytes((0, 1, 0, 0)) + chunk(b"original") + chunk(b"retry-id"),
    "another family": bytes((0, 2, 0, 0)) + chunk(b"original") + chunk(b"retry-id"),
    "nearly too old": bytes((0, 0, 1, 0)) + chunk(b"original") + chunk(b"retry-id"),
    "too old": bytes((0, 0, 2, 0)) + chunk(b"original") + chunk(b"retry-id"),
    "another id": bytes((0, 0, 0, 1)) + chunk(b"original") + chunk(b"retry-id"),
    "a flipped bit": bytes(4) + chunk(b"original") + chunk(b"retry-id") + b"\x05",
    "version 2": bytes((0, 0, 0, 2)) + chunk(b"original") + chunk(b"retry-id"),
    "empty ids": bytes(4) + chunk(b"") + chunk(b""),
    "foreign": bytes(4) + chunk(b"") + chunk(b"") + b"\x00" + b"a token of another server",
}

TOKENS = RetryTokens(bytes(16))


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    made_for, used_by = choices.pick(ADDRESSES), choices.pick(ADDRESSES)
    age, kind = choices.pick(AGES), choices.octet()
    original_id, source_id = choices.chunk()[:20], choices.chunk()[:20]
    token = TOKENS.create(made_for, original_id, source_id, 1000.0)
    check_retry((VERSION_1, VERSION_2)[kind >> 1 & 1], original_id, source_id, token)

    used_id = source_id + b"x" if kind & 1 else source_id
    holds = made_for == used_by and age <= TOKEN_LIFETIME and used_id == source_id
    try:
        assert TOKENS.validate(token, used_by, used_id, 1000.0 + age) == original_id
        assert holds
    except WrongTokenError:
        assert not holds

    flipped = choices.octet()
    if flipped:
        place = flipped % len(token)
        forged = token[:place] + bytes((token[place] ^ flipped,)) + token[place + 1 :]
        assert TOKENS.validate(forged, made_for, source_id, 1000.0) is None
    assert TOKENS.validate(choices.rest(), made_for, source_id, 1000.0) is None


def check_retry(version: int, original_id: bytes, source_id: bytes, token: bytes) -> None:
    initial = InitialPacket(version, original_id, b"client", b"")
    packet = encode_retry(initial, source_id, token)
    header = pull_quic_header(Buffer(data=packet), host_cid_length=8)
    assert header.packet_type is QuicPacketType.RETRY
    assert (header.version, header.token) == (version, token)
    assert (header.destination_cid, header.source_cid) == (b"client", source_id)
    tag = get_retry_integrity_tag(packet[:-TAG], original_id, version)
    assert packet[-TAG:] == tag
