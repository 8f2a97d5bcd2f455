"""HKDF-Expand-Label: the RFC's example, and aioquic's general way."""

from __future__ import annotations

import hmac

import pytest
from aioquic.tls import hkdf_expand_label
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.keys.hkdf import expand, expand_label, hmac_digest, label_info

HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}


def test_a_label_is_laid_out_as_in_the_rfc() -> None:
    """RFC 9001 §A.1; the number of HKDF-Expand's block comes behind it."""
    assert (
        label_info(b"client in", b"", 32).hex() == "00200f746c73313320636c69656e7420696e00" + "01"
    )


def test_a_label_that_is_known_beforehand_gives_the_same() -> None:
    info = label_info(b"quic key", b"", 16)
    assert expand("sha256", b"s" * 32, info, 16) == expand_label(
        "sha256", b"s" * 32, b"quic key", b"", 16
    )


@pytest.mark.parametrize("name", ["sha256", "sha384"])
@given(
    secret=st.binary(min_size=1, max_size=48),
    label=st.binary(max_size=20),
    context=st.binary(max_size=48),
    length=st.integers(1, 32),
)
def test_it_agrees_with_the_general_way(
    name: str, secret: bytes, label: bytes, context: bytes, length: int
) -> None:
    expected = hkdf_expand_label(HASHES[name], secret, label, context, length)
    assert expand_label(name, secret, label, context, length) == expected


@pytest.mark.parametrize(("name", "block"), [("sha256", 64), ("sha384", 128)])
@given(data=st.binary(max_size=300), filling=st.binary(min_size=128, max_size=128))
def test_hmac_is_the_librarys_for_secrets_of_any_size_up_to_a_block(
    name: str, block: int, data: bytes, filling: bytes
) -> None:
    for size in (0, 1, 32, 48, block - 1, block):
        secret = filling[:size]
        assert hmac_digest(secret, data, name) == hmac.digest(secret, data, name)
