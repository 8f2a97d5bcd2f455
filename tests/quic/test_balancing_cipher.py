"""The ciphers of QUIC-LB, step by step as in the draft's example, and for every size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.balancing.cipher import BlockOf16, Clear, FourPasses, cipher_for

KEY = bytes.fromhex("fdf726a9893ec05c0632d3956680baf0")
SIZES = range(5, 20)
"""Bytes of server id and nonce together, from the smallest to the largest that the draft allows."""


def test_the_example_of_four_passes() -> None:
    # "Encryption Example": server_id = 0x31441a, nonce = 0x9c69c275.
    encrypted = FourPasses(KEY, 7).encrypt(bytes.fromhex("31441a9c69c275"))
    assert encrypted.hex() == "67947d29be054a"


def test_16_bytes_take_one_pass() -> None:
    assert isinstance(cipher_for(KEY, 16), BlockOf16)


@pytest.mark.parametrize("size", [size for size in SIZES if size != 16])
def test_any_other_size_takes_four(size: int) -> None:
    assert isinstance(cipher_for(KEY, size), FourPasses)


def test_without_a_key_nothing_is_encrypted() -> None:
    assert isinstance(cipher_for(None, 16), Clear)


@pytest.mark.parametrize("size", SIZES)
@given(data=st.data())
def test_what_was_encrypted_is_decrypted_up_to_any_byte(size: int, data: st.DataObject) -> None:
    cipher = cipher_for(data.draw(st.binary(min_size=16, max_size=16)), size)
    plaintext = data.draw(st.binary(min_size=size, max_size=size))
    encrypted = cipher.encrypt(plaintext)
    assert len(encrypted) == size
    for wanted in range(1, size + 1):
        assert cipher.decrypt(encrypted, wanted) == plaintext[:wanted]


@pytest.mark.parametrize("size", SIZES)
def test_one_bit_changes_both_halves(size: int) -> None:
    cipher = cipher_for(KEY, size)
    one, other = cipher.encrypt(bytes(size)), cipher.encrypt(bytes(size - 1) + b"\1")
    # Two bytes of a half may be equal by chance, but not the whole of it: 2 ** -16 at most, and
    # with this key they are not.
    assert one[: size // 2] != other[: size // 2]
    assert one[-(size // 2) :] != other[-(size // 2) :]
