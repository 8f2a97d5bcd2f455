"""Tests of `observe/admin.py`, `observe/pages.py` and `server/admin.py`: what operators ask for,
and that nobody who asks can be a burden."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.observe.observer import Observer
from h3producer.server.admin import admin_listener, parse_admin_bind
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from h3producer.observe.observer import Sight

pytest.importorskip("h11", reason="h11 is not installed")
pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")

from h3producer.observe.admin import MAX_CLIENTS

pytestmark = pytest.mark.once


class Operator:
    """Someone with a connection to an admin listener."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def asks(self, question: bytes) -> bytes:
        """The whole answer to the last question on a connection."""
        self.writer.write(question)
        async with asyncio.timeout(10):
            return await self.reader.read()

    async def get(self, path: str, *fields: str) -> tuple[int, str, str]:
        """Status, head and content of an answer, on a connection that goes on."""
        lines = [f"GET {path} HTTP/1.1", "host: here", *fields, "", ""]
        self.writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
            content = (await self.reader.readexactly(length)).decode()
        return int(head.split()[1]), head, content


class Desk:
    """An admin listener whose server is what a test says it is."""

    def __init__(self) -> None:
        self.health = 200, b"serving\n"
        self.observer = Observer(Config(admin_bind="0", access_log=False))
        self.is_broken = False
        self.addresses: list[str] = []

    async def look(self) -> Mapping[int, Sight]:
        if self.is_broken:
            raise RuntimeError("nobody answers")
        return await self.observer.sights()

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[Operator]:
        address = self.addresses[0]
        if address.startswith("unix:"):
            ends = await asyncio.open_unix_connection(address.removeprefix("unix:"))
        else:
            host, _, port = address.rpartition(":")
            ends = await asyncio.open_connection(host.strip("[]"), int(port))
        try:
            yield Operator(*ends)
        finally:
            ends[1].close()


@asynccontextmanager
async def opened(bind: str = "127.0.0.1:0") -> AsyncIterator[Desk]:
    desk = Desk()
    async with admin_listener(bind, lambda: desk.health, desk.look) as addresses:
        desk.addresses = addresses
        yield desk


# The pages


async def test_metrics_are_text_that_prometheus_reads() -> None:
    async with opened() as desk, desk.operator() as operator:
        status, head, content = await operator.get("/metrics")
    assert status == 200
    assert "content-type: text/plain; version=" in head
    assert "cache-control: no-store" in head
    assert "# TYPE http_server_request_duration_seconds histogram" in content


async def test_openmetrics_are_what_is_asked_for() -> None:
    async with opened() as desk, desk.operator() as operator:
        accept = "accept: application/openmetrics-text; version=1.0.0"
        _, head, content = await operator.get("/metrics", accept)
    assert "content-type: application/openmetrics-text" in head
    assert content.endswith("# EOF\n")


async def test_connections_are_json() -> None:
    async with opened() as desk, desk.operator() as operator:
        _, head, content = await operator.get("/connections")
    assert "content-type: application/json" in head
    assert json.loads(content)["connections"] == []


async def test_who_is_ready_says_so_and_who_is_not_lives_all_the_same() -> None:
    async with opened() as desk, desk.operator() as operator:
        assert (await operator.get("/readyz"))[::2] == (200, "serving\n")
        desk.health = 503, b"draining\n"
        assert (await operator.get("/readyz"))[::2] == (503, "draining\n")
        assert (await operator.get("/healthz"))[0] == 200


async def test_a_query_changes_nothing() -> None:
    async with opened() as desk, desk.operator() as operator:
        assert (await operator.get("/healthz?verbose"))[0] == 200


async def test_other_pages_are_not_there() -> None:
    async with opened() as desk, desk.operator() as operator:
        status, _, content = await operator.get("/")
    assert (status, content) == (404, "There are /metrics, /healthz, /readyz, /connections.\n")


async def test_a_page_that_fails_is_a_500_and_a_line(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as desk, desk.operator() as operator:
        desk.is_broken = True
        assert (await operator.get("/metrics"))[0] == 500
        assert (await operator.get("/healthz"))[0] == 200
    assert "failed to answer b'/metrics'" in caplog.text


# HTTP


async def test_head_is_answered_without_content() -> None:
    async with opened() as desk, desk.operator() as operator:
        answer = await operator.asks(
            b"HEAD /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        )
    assert b"content-length: 6\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_other_methods_hear_which_are_allowed() -> None:
    async with opened() as desk, desk.operator() as operator:
        question = (
            b"POST /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi"
        )
        answer = await operator.asks(question)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"allow: GET, HEAD\r\n" in answer


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # without a host
        (b"GET /" + b"a" * 40_000, b"431"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999\r\n\r\n" + bytes(99_999), b"413"),
    ],
)
async def test_what_is_out_of_order_is_answered_and_the_end(question: bytes, status: bytes) -> None:
    async with opened() as desk, desk.operator() as operator:
        answer = await operator.asks(question)
    assert answer.startswith(b"HTTP/1.1 " + status + b" ")


async def test_who_leaves_in_mid_question_costs_nothing() -> None:
    async with opened() as desk:
        async with desk.operator() as operator:
            operator.writer.write(b"GET /metr")
        async with desk.operator() as operator:
            assert (await operator.get("/healthz"))[0] == 200


async def test_connections_have_a_bound() -> None:
    async with opened() as desk:
        ends = [desk.operator() for _ in range(MAX_CLIENTS)]
        for end in ends:
            assert (await (await end.__aenter__()).get("/healthz"))[0] == 200
        async with desk.operator() as excessive:
            assert await excessive.asks(b"") == b""
        for end in ends:
            await end.__aexit__(None, None, None)


async def test_whoever_is_there_at_the_end_is_let_go() -> None:
    async with opened() as desk, desk.operator() as operator:
        assert (await operator.get("/healthz"))[0] == 200
        desk_end = operator
    assert await desk_end.reader.read() == b""


# Where


async def test_a_unix_socket_is_there_for_as_long_as_it_listens(tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    async with opened(f"unix:{path}") as desk, desk.operator() as operator:
        assert (await operator.get("/healthz"))[0] == 200
    assert not path.exists()


async def test_an_address_that_others_reach_is_worth_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened("0.0.0.0:0"):
        assert "sees all connections" in caplog.text
    caplog.clear()
    async with opened("0"):
        assert "sees all connections" not in caplog.text


async def test_an_address_in_use_is_a_failure_of_the_start() -> None:
    async with opened() as desk:
        with pytest.raises(StartupError, match="for operators"):
            async with opened(desk.addresses[0]):
                pass


async def test_without_an_address_there_is_nobody() -> None:
    desk = Desk()
    async with admin_listener(None, lambda: desk.health, desk.look) as addresses:
        assert addresses == []


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("9090", ("127.0.0.1", 9090)),
        (":9090", ("127.0.0.1", 9090)),
        ("0.0.0.0:9090", ("0.0.0.0", 9090)),
        ("[::1]:9090", ("::1", 9090)),
        ("localhost", ("localhost", 4480)),
        ("unix:/run/h3.sock", "/run/h3.sock"),
        ("unix:///run/h3.sock", "/run/h3.sock"),
    ],
)
def test_an_address_is_this_machines_unless_it_says_otherwise(text: str, parsed: object) -> None:
    assert parse_admin_bind(text) == parsed


@pytest.mark.parametrize("text", ["unix:", "fd://3", "systemd://", "a:b", "127.0.0.1:99999"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(StartupError, match="Cannot bind"):
        parse_admin_bind(text)
