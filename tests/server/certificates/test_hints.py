"""Tests of `certificates/hints.py`: lines that can be pasted into a shell."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from h3producer.server.certificates.development import make_development_certificate, spki_pin
from h3producer.server.certificates.hints import chrome_line, curl_line, get_line, url_of

CERTIFICATE = make_development_certificate().certificate


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "https://localhost:4433/"),
        ("127.0.0.1", "https://127.0.0.1:4433/"),
        ("::1", "https://[::1]:4433/"),
    ],
)
def test_a_url_has_brackets_around_an_ipv6_address(host: str, url: str) -> None:
    assert url_of(host, 4433) == url


def test_our_client_needs_no_options() -> None:
    assert get_line("https://localhost:1/") == "h3producer get https://localhost:1/"


def test_curl_survives_a_path_with_a_space() -> None:
    words = shlex.split(curl_line("https://localhost:1/", Path("/a b/c.pem")))
    assert words == ["curl", "--http3-only", "--cacert", "/a b/c.pem", "https://localhost:1/"]


def test_chrome_speaks_quic_at_once_and_trusts_the_pin_in_a_profile_of_its_own() -> None:
    words = shlex.split(chrome_line("localhost", 4433, CERTIFICATE))
    assert "--origin-to-force-quic-on=localhost:4433" in words
    assert f"--ignore-certificate-errors-spki-list={spki_pin(CERTIFICATE)}" in words
    assert any(word.startswith("--user-data-dir=") for word in words)
    assert words[-1] == "https://localhost:4433/"
