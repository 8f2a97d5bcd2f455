"""Tests of `client/target.py`: URLs, and who is trusted for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.client.target import Target, development_certificate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "path"),
    [
        ("https://a.test", "a.test", 443, "a.test", "/"),
        ("https://a.test:443/", "a.test", 443, "a.test", "/"),
        ("https://a.test:4433/b?c=d", "a.test", 4433, "a.test:4433", "/b?c=d"),
        ("https://a.test?c", "a.test", 443, "a.test", "/?c"),
        ("https://[::1]:1/", "::1", 1, "[::1]:1", "/"),
        ("https://A.Test/B#c", "a.test", 443, "a.test", "/B"),
        ("https://a.test/ä b%20%", "a.test", 443, "a.test", "/%C3%A4%20b%20%"),
    ],
)
def test_a_url_is_split(url: str, host: str, port: int, authority: str, path: str) -> None:
    assert Target.from_url(url) == Target(host, port, authority, path)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://a.test/", "'http://a.test/' is not an https URL"),
        ("a.test", "is not an https URL"),
        ("https:///x", "is not an https URL"),
        ("https://[::1/", "is not a URL: Invalid IPv6 URL"),
        ("https://a.test:x/", "The port in 'https://a.test:x/' is not a number"),
        ("https://a.test:70000/", "is not a number up to 65535"),
        ("https://user@a.test/", "A URL with a user name is not supported"),
    ],
)
def test_what_is_no_url_of_ours_is_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Target.from_url(url)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("a.test", False),
        ("localhost.a.test", False),
    ],
)
def test_loopback_is_this_machine(host: str, is_loopback: bool) -> None:
    assert Target.from_url(f"https://{host}/").is_loopback is is_loopback


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    certfile = tmp_path / "h3producer" / "localhost.pem"
    certfile.parent.mkdir()
    certfile.touch()
    return certfile


def test_the_development_certificate_is_trusted_for_loopback_only(made: Path) -> None:
    assert development_certificate(Target.from_url("https://localhost/")) == made
    assert development_certificate(Target.from_url("https://a.test/")) is None


def test_a_development_certificate_that_was_never_made_is_not_trusted(made: Path) -> None:
    made.unlink()
    assert development_certificate(Target.from_url("https://localhost/")) is None
