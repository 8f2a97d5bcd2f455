"""Connection ids of QUIC-LB: the draft's vectors, each length, and what is no configuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.balancing.cid_config import (
    UNROUTABLE,
    CidConfig,
    CidConfigError,
    config_id_of,
    unroutable_id,
)

KEY = "8f95f09245765f80256934e50c66207f"

# "Load Balancer Test Vectors": config id, server id, nonce, connection id. "In all cases, the
# server is configured to encode the CID length."
CLEAR = [
    (0, "c4605e", "4504cc4f", "07c4605e4504cc4f"),
    # The draft prints a nonce of 9 digits, 3487d970b, and an id in which 2 and 0 of its first
    # bytes have come apart: 20a350d28b42 03487d970b for 2a 350d28b420 03487d970b.
    (1, "350d28b420", "03487d970b", "2a350d28b42003487d970b"),
]
ENCRYPTED = [
    (0, "ed793a", "ee080dbf", "0720b1d07b359d3c"),
    (1, "ed793a51d49b8f5fab65", "ee080dbf48", "2fcc381bc74cb4fbad2823a3d1f8fed2"),
    (2, "ed793a51d49b8f5f", "ee080dbf48c0d1e5", "504dd2d05a7b0de9b2b9907afb5ecf8cc3"),
    (3, "ed793a51d49b8f5fab", "ee080dbf48c0d1e55d", "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc"),
]
VECTORS = [(None, *each) for each in CLEAR] + [(KEY, *each) for each in ENCRYPTED]


def config(
    server_id_length: int = 2,
    nonce_length: int = 6,
    *,
    key: bytes | None = None,
    config_id: int = 0,
) -> CidConfig:
    return CidConfig(config_id, server_id_length, nonce_length, key)


def of_vector(key: str | None, config_id: int, server_id: str, nonce: str) -> CidConfig:
    return CidConfig(
        config_id,
        len(server_id) // 2,
        len(nonce) // 2,
        None if key is None else bytes.fromhex(key),
        encodes_length=True,
    )


@pytest.mark.parametrize(("key", "config_id", "server_id", "nonce", "cid"), VECTORS)
def test_a_server_makes_the_vectors_of_the_draft(
    key: str | None, config_id: int, server_id: str, nonce: str, cid: str
) -> None:
    made = of_vector(key, config_id, server_id, nonce).encode(
        bytes.fromhex(server_id), bytes.fromhex(nonce), low_bits=0
    )
    # The last vector of the draft has 0 where its config id is 3: only its first octet differs.
    assert made[1:].hex() == cid[2:]
    assert made[0] == config_id << 5 | len(made) - 1


@pytest.mark.parametrize(("key", "config_id", "server_id", "nonce", "cid"), VECTORS)
def test_a_balancer_reads_the_vectors_of_the_draft(
    key: str | None, config_id: int, server_id: str, nonce: str, cid: str
) -> None:
    reader = of_vector(key, config_id, server_id, nonce)
    assert reader.server_id_of(bytes.fromhex(cid)) == bytes.fromhex(server_id)


LENGTHS = [
    (server_id_length, nonce_length)
    for server_id_length in range(1, 16)
    for nonce_length in range(4, 20 - server_id_length)
]


@pytest.mark.parametrize(("server_id_length", "nonce_length"), LENGTHS)
@pytest.mark.parametrize("key", [None, bytes.fromhex(KEY)], ids=["clear", "encrypted"])
def test_every_length_comes_back(
    server_id_length: int, nonce_length: int, key: bytes | None
) -> None:
    form = config(server_id_length, nonce_length, key=key)
    server_id = bytes(range(1, server_id_length + 1))
    cid = form.encode(server_id, bytes(range(100, 100 + nonce_length)), low_bits=0)
    assert len(cid) == form.length == 1 + server_id_length + nonce_length
    assert form.server_id_of(cid) == server_id
    assert form.server_id_of(cid + b"the rest of a packet") == server_id


@given(
    config_id=st.integers(0, 6),
    lengths=st.sampled_from(LENGTHS),
    key=st.none() | st.binary(min_size=16, max_size=16),
    low_bits=st.integers(0, 31),
    data=st.data(),
)
def test_any_server_id_comes_back(
    config_id: int, lengths: tuple[int, int], key: bytes | None, low_bits: int, data: st.DataObject
) -> None:
    server_id, nonce = (data.draw(st.binary(min_size=n, max_size=n)) for n in lengths)
    form = config(*lengths, key=key, config_id=config_id)
    cid = form.encode(server_id, nonce, low_bits)
    assert (config_id_of(cid), cid[0] & 0x1F) == (config_id, low_bits)
    assert form.server_id_of(cid) == server_id


@given(st.sampled_from(LENGTHS), st.none() | st.just(b"k" * 16), st.binary(max_size=40))
def test_any_bytes_give_a_server_id_or_none(
    lengths: tuple[int, int], key: bytes | None, data: bytes
) -> None:
    form = config(*lengths, key=key)
    found = form.server_id_of(data)
    assert (found is None) is (len(data) < form.length)


def test_two_nonces_share_no_byte_that_tells_the_server() -> None:
    form = config(2, 6, key=b"k" * 16)
    assert form.encode(b"\0\1", bytes(6), 0)[1:] != form.encode(b"\0\1", bytes(5) + b"\1", 0)[1:]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((7, 2, 6), "config ID is 0 to 6, not 7"),
        ((-1, 2, 6), "config ID is 0 to 6, not -1"),
        ((0, 0, 6), "server ID has at least 1 byte"),
        ((0, 2, 3), "nonce has 4 bytes or more, not 3"),
        ((0, 10, 10), "of 10 bytes and a nonce of 10 are more than 19 bytes together"),
        ((0, 2, 6, b"short"), "key has 16 bytes, not 5"),
    ],
)
def test_what_the_draft_forbids_is_no_configuration(
    arguments: tuple[int, int, int], what: str
) -> None:
    with pytest.raises(CidConfigError, match=what):
        CidConfig(*arguments)


def test_a_configuration_does_not_show_its_key() -> None:
    assert "key" not in repr(CidConfig(0, 2, 6, b"k" * 16))


def test_an_unroutable_id_is_of_no_configuration_and_says_how_long_it_is() -> None:
    cid = unroutable_id(b"at random")
    assert config_id_of(cid) == UNROUTABLE
    assert cid[0] & 0x1F == len(cid) - 1


def test_an_unroutable_id_may_have_other_low_bits() -> None:
    assert unroutable_id(b"at random", 3)[0] == 0b111_00011


def test_an_empty_id_is_of_no_configuration() -> None:
    assert config_id_of(b"") == UNROUTABLE
