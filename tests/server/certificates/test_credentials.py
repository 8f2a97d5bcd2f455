"""Tests of `certificates/credentials.py`: each way in which PEM files are wrong has a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from h3producer.server.certificates.credentials import load_credentials
from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

MADE = make_development_certificate()
OTHER = make_development_certificate()
ENCRYPTED_KEY = MADE.private_key.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
)


def put(directory: Path, name: str, data: bytes) -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


@pytest.fixture
def certfile(tmp_path: Path) -> Path:
    return put(tmp_path, "cert.pem", MADE.certificate_pem)


@pytest.fixture
def keyfile(tmp_path: Path) -> Path:
    return put(tmp_path, "key.pem", MADE.key_pem)


def test_a_pair_that_fits_is_loaded(certfile: Path, keyfile: Path) -> None:
    credentials = load_credentials(certfile, keyfile)
    assert credentials.certificate == MADE.certificate
    assert credentials.chain == ()
    assert credentials.is_expired is False


def test_what_follows_the_first_certificate_is_the_chain(tmp_path: Path, keyfile: Path) -> None:
    certfile = put(tmp_path, "chain.pem", MADE.certificate_pem + OTHER.certificate_pem)
    credentials = load_credentials(certfile, keyfile)
    assert credentials.chain == (OTHER.certificate,)


@pytest.mark.parametrize("order", [1, -1])
def test_the_key_may_stand_in_the_certificate_file(tmp_path: Path, order: int) -> None:
    both = put(tmp_path, "both.pem", b"".join([MADE.certificate_pem, MADE.key_pem][::order]))
    assert load_credentials(both).certificate == MADE.certificate


def test_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = MADE.certificate_pem + MADE.key_pem
    both = put(tmp_path, "both.pem", text.replace(b"\n", b"\r\n"))
    assert load_credentials(both).certificate == MADE.certificate


def test_an_encrypted_key_opens_with_its_password(tmp_path: Path, certfile: Path) -> None:
    keyfile = put(tmp_path, "key.pem", ENCRYPTED_KEY)
    assert load_credentials(certfile, keyfile, "secret").certificate == MADE.certificate


def test_a_password_for_a_key_that_needs_none_is_ignored(certfile: Path, keyfile: Path) -> None:
    assert load_credentials(certfile, keyfile, "secret").certificate == MADE.certificate


@pytest.mark.parametrize(
    ("certificate", "key", "password", "sentence"),
    [
        (None, MADE.key_pem, None, "Cannot read the certificate '.*': No such file or directory."),
        (MADE.certificate_pem, None, None, "Cannot read the private key '.*': No such file"),
        (b"hello", MADE.key_pem, None, "There is no certificate in PEM form in '.*'."),
        (MADE.certificate_pem, b"hello", None, "There is no private key in PEM form in '.*'."),
        (MADE.certificate_pem, ENCRYPTED_KEY, None, "needs a password; give --ssl-keyfile-passw"),
        (MADE.certificate_pem, ENCRYPTED_KEY, "x", "The password for the private key .* is wrong."),
        (MADE.certificate_pem, OTHER.key_pem, None, "does not belong to the certificate in '.*'."),
    ],
)
def test_what_is_wrong_is_one_sentence(
    tmp_path: Path,
    certificate: bytes | None,
    key: bytes | None,
    password: str | None,
    sentence: str,
) -> None:
    for name, data in (("c.pem", certificate), ("k.pem", key)):
        if data is not None:
            put(tmp_path, name, data)
    with pytest.raises(StartupError, match=sentence) as caught:
        load_credentials(tmp_path / "c.pem", tmp_path / "k.pem", password)
    assert "\n" not in str(caught.value)
