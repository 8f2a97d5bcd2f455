"""Tests of `certificates/presented.py`: whose certificate, and what is said about it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config, ConfigError
from h3producer.server.certificates import credentials as credentials_module
from h3producer.server.certificates.development import make_development_certificate, spki_pin
from h3producer.server.certificates.files import CertificateFiles
from h3producer.server.certificates.presented import presented_credentials
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = [("127.0.0.1", 4433), ("::1", 4433)]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state directory, for this test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "h3producer"


@pytest.fixture
def given(tmp_path: Path) -> CertificateFiles:
    files = CertificateFiles.in_directory(tmp_path / "given")
    files.write(make_development_certificate(["a.test"]))
    return files


def test_a_named_certificate_is_presented_on_any_address(given: CertificateFiles) -> None:
    config = Config(certfile=str(given.certfile), keyfile=str(given.keyfile))
    found = presented_credentials(config, [("0.0.0.0", 443)])
    assert "a.test" in found.certificate.subject.rfc4514_string()


def test_a_named_certificate_that_has_expired_is_presented_with_a_warning(
    given: CertificateFiles, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=15)

    monkeypatch.setattr(credentials_module, "datetime", Later)
    config = Config(certfile=str(given.certfile), keyfile=str(given.keyfile))
    presented_credentials(config, LOOPBACK)
    assert caplog.messages == [f"The certificate '{given.certfile}' has expired."]


def test_without_one_a_development_certificate_is_made_and_used_again(state: Path) -> None:
    first = presented_credentials(Config(), LOOPBACK)
    assert (state / "localhost.key").exists()
    assert presented_credentials(Config(), LOOPBACK).certificate == first.certificate


def test_it_says_so_and_how_to_look(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
    made = presented_credentials(Config(host="localhost"), LOOPBACK)
    assert caplog.messages[0].startswith(f"No certificate was given: made '{state}/localhost.pem'")
    assert caplog.messages[1] == "Look: h3producer get https://localhost:4433/"
    assert caplog.messages[2].startswith("Look: curl --http3-only --cacert ")
    assert spki_pin(made.certificate) in caplog.messages[3]


def test_with_bind_the_url_has_the_first_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
    presented_credentials(Config(bind=("[::1]:0",)), [("::1", 999)])
    assert caplog.messages[1] == "Look: h3producer get https://[::1]:999/"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "fe80::1%eth0"])
def test_an_address_that_others_reach_gets_no_development_certificate(
    host: str, state: Path
) -> None:
    with pytest.raises(ConfigError, match=f"A certificate is needed to serve on {host};"):
        presented_credentials(Config(), [("127.0.0.1", 1), (host, 1)])
    assert not state.exists()


def test_a_state_directory_that_cannot_be_written_is_one_sentence(state: Path) -> None:
    state.write_text("a file where the directory should be")
    with pytest.raises(StartupError, match=r"Cannot make a development certificate in '.*': .*;"):
        presented_credentials(Config(), LOOPBACK)
