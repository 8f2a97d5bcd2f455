"""Tests of `request.py`: what HTTP/1.1 and HTTP/2 write differently comes to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.errors import Http3StreamError
from h3producer.server.tcp.request import Heard, understood, upgrade_of

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

SERVER = ("::1", 4433)


def heard(
    target: bytes = b"/",
    *headers: tuple[bytes, bytes],
    version: str = "1.1",
    method: str = "GET",
    is_websocket: bool = False,
) -> Heard:
    fields: Fields = [(b"host", b"example.org"), *headers]
    return Heard(version, method, target, fields, is_websocket)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_request_is_what_it_is_over_http_3(version: str) -> None:
    request = understood(heard(b"/a?b", (b"x", b"y"), version=version), SERVER)

    assert (request.method, request.scheme, request.path) == ("GET", "https", b"/a?b")
    assert request.authority == "example.org"
    assert request.headers == [(b"host", b"example.org"), (b"x", b"y")]


def test_what_belongs_to_an_http_1_connection_stays_there() -> None:
    fields = [
        (b"connection", b"keep-alive, te"),
        (b"keep-alive", b"timeout=5"),
        (b"te", b"gzip"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"h2c"),
    ]
    request = understood(heard(b"/", *fields, (b"x", b"y")), SERVER)

    assert request.headers == [(b"host", b"example.org"), (b"x", b"y")]


def test_over_http_2_such_a_field_makes_a_request_malformed() -> None:
    with pytest.raises(Http3StreamError):
        understood(heard(b"/", (b"connection", b"close"), version="2"), SERVER)


def test_trailers_are_for_who_asks_over_http_2() -> None:
    te = (b"te", b"trailers")
    assert understood(heard(b"/", te, version="2"), SERVER).accepts_trailers
    assert not understood(heard(b"/", te), SERVER).accepts_trailers


@pytest.mark.parametrize("target", [b"http://other.org/a?b", b"https://other.org/a?b"])
def test_the_absolute_form_of_a_target_names_the_host(target: bytes) -> None:
    request = understood(heard(target), SERVER)

    assert (request.authority, request.path) == ("other.org", b"/a?b")


def test_an_absolute_target_without_a_path_means_the_root() -> None:
    assert understood(heard(b"https://other.org"), SERVER).path == b"/"


def test_http_1_0_may_name_no_host() -> None:
    request = understood(Heard("1.0", "GET", b"/", [], False), SERVER)

    assert request.authority == "[::1]:4433"


def test_http_1_1_must() -> None:
    with pytest.raises(Http3StreamError):
        understood(Heard("1.1", "GET", b"/", [], False), SERVER)


def test_a_connect_has_no_path() -> None:
    request = understood(heard(b"example.org:1", method="CONNECT"), SERVER)

    assert (request.method, request.path, request.authority) == ("CONNECT", b"", "example.org:1")


def test_a_websocket_is_an_extended_connect() -> None:
    request = understood(heard(b"/chat", method="", is_websocket=True), SERVER)

    assert (request.method, request.protocol, request.path) == ("CONNECT", "websocket", b"/chat")


def test_an_upgrade_is_accepted_with_the_key_of_rfc_6455() -> None:
    key = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")  # RFC 6455 §1.3
    fields = upgrade_of(heard(b"/", key, is_websocket=True))

    assert fields is not None
    assert dict(fields)[b"sec-websocket-accept"] == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert upgrade_of(heard(b"/", key)) is None
