"""Where the facts come from, and what is said if there are none."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from h3producer.top.source import Source, SourceError, parse_source
from tests.top.facts import answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("127.0.0.1:9443", Source(host="127.0.0.1", port=9443)),
        ("[::1]:9443", Source(host="::1", port=9443)),
        ("http://localhost:9443/", Source(host="localhost", port=9443)),
        (":9443", Source(host="127.0.0.1", port=9443)),
        ("9443", Source(host="127.0.0.1", port=9443)),
        ("localhost", Source(host="localhost", port=4480)),
        ("unix:///run/a.sock", Source(path="/run/a.sock")),
        ("unix:/run/a.sock", Source(path="/run/a.sock")),
    ],
)
def test_an_address_is_as_for_admin_bind(text: str, source: Source) -> None:
    assert parse_source(text) == source


@pytest.mark.parametrize("text", ["a:b", "a:0", "a:65536", "unix:", "a:²", "fd://3"])
def test_what_is_no_address_is_said_to_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.+\.$"):
        parse_source(text)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "[::1]:1", "unix:/a"])
def test_it_is_shown_as_it_is_given(text: str) -> None:
    assert str(parse_source(text)) == text


def response(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@contextmanager
def listening(sock: socket.socket, reply: bytes) -> Iterator[list[bytes]]:
    """A listener that gives one answer; what it was asked."""
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = sock.accept()
        with connection:
            asked.append(connection.recv(4096))
            connection.sendall(reply)

    sock.listen()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with sock:
            yield asked
            thread.join()
    finally:
        thread.join()


def on_loopback(reply: bytes) -> tuple[Source, socket.socket]:
    sock = socket.create_server(("127.0.0.1", 0))
    return Source(host="127.0.0.1", port=sock.getsockname()[1]), sock


def test_facts_come_over_tcp() -> None:
    source, sock = on_loopback(b"")
    with listening(sock, response(json.dumps(answer()).encode())) as asked:
        assert source.fetch() == answer()
    assert asked[0].startswith(b"GET /connections HTTP/1.1\r\n")


def test_facts_come_over_a_unix_socket(tmp_path: Path) -> None:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(tmp_path / "a"))
    with listening(sock, response(json.dumps(answer()).encode())):
        assert Source(path=str(tmp_path / "a")).fetch() == answer()


def test_nobody_there_is_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    source = Source(path=str(tmp_path / "a"))
    sentence = (
        rf"^Nobody answers on {source} \(No such file or directory\): "
        rf"start the server with --admin-bind {source}\.$"
    )
    with pytest.raises(SourceError, match=sentence):
        source.fetch()


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (response(b"", "404 Not Found"), "answers 404"),
        (response(b"hello"), "does not answer as an admin listener does"),
        (response(b"{}"), "does not answer as an admin listener does"),
        (b"SSH-2.0-OpenSSH\r\n", "Nobody answers"),
    ],
)
def test_somebody_else_there_is_said_to_be(reply: bytes, sentence: str) -> None:
    source, sock = on_loopback(reply)
    with listening(sock, reply), pytest.raises(SourceError, match=sentence):
        source.fetch()
