"""Every example does what it says, served by the very command that its docstring gives."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
import re
import shlex
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.wire.webtransport import encode_stream_head
from tests.e2e.server import command, command_server
from tests.e2e.session_client import SessionClient
from tests.e2e.websocket_client import Closed, WebSocketClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.server.certificates.files import CertificateFiles
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import CommandServer

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
KIB = 1024


def documented(name: str) -> list[list[str]]:
    """The commands in an example's docstring, as lists of arguments for `h3producer`."""
    docstring = (
        ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text()), clean=False) or ""
    )
    lines = re.findall(r"^    h3producer (.*)$", docstring, re.MULTILINE)
    return [shlex.split(line.partition("|")[0]) for line in lines]


@asynccontextmanager
async def example(name: str, files: CertificateFiles) -> AsyncIterator[CommandServer]:
    """Serve an example as documented, but on a free port."""
    option, directory, *arguments = documented(name)[0]
    assert (option, directory) == ("--app-dir", "examples")
    free = ("--port", "0", "--certfile", str(files.certfile), "--keyfile", str(files.keyfile))
    async with command_server(option, str(EXAMPLES), *arguments, *free) as server:
        yield server


async def get(server: CommandServer, files: CertificateFiles, *options: str) -> bytes:
    """`h3producer get`, which the docstrings tell people to look with."""
    got = await command("get", "--cacert", str(files.certfile), *options, server.url)
    assert got.exit_code == 0, got.stderr
    return got.stdout


def test_every_example_is_tested_here() -> None:
    tests = set(re.findall(r'example\("(\w+)"', Path(__file__).read_text()))
    assert {path.stem for path in EXAMPLES.glob("*.py")} - {"client"} == tests, (
        "examples/client.py has a test below"
    )


async def test_hello_says_hello(files: CertificateFiles) -> None:
    async with example("hello", files) as server:
        assert await get(server, files) == b"Hello over HTTP/3!\n"


async def test_streaming_waits_for_its_client(files: CertificateFiles, connect: Connect) -> None:
    window = 64 * KIB
    async with example("streaming", files) as server:
        client = await connect(server.address, gives_credit=False, max_stream_data=window)
        response = client.request("/")
        await client.until(lambda: client.quic.downloaded(response.stream_id) == window)
        await client.round_trip()

        client.close()

        found = await server.says(r"The client left after (\d+) bytes were accepted\.")
    assert 0 < int(found[1]) <= window + 64 * KIB
    assert bytes(response.body).startswith(b"All work and no back-pressure ")


async def test_upload_tells_size_and_digest(files: CertificateFiles, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"upload " * 400_000)
    async with example("upload", files) as server:
        answer = json.loads(await get(server, files, "-d", f"@{large}"))
    digest = hashlib.sha256(large.read_bytes()).hexdigest()
    assert answer == {"bytes": 2_800_000, "sha256": digest}


async def test_trailers_bring_the_digest(files: CertificateFiles, connect: Connect) -> None:
    async with example("trailers", files) as server:
        client = await connect(server.address)
        asked = await client.get("/", headers=[(b"te", b"trailers")])
        other = await client.get("/")
    digest = hashlib.sha256(asked.body).hexdigest().encode()
    assert asked.trailers == [(b"x-sha256", digest)]
    assert asked.log == other.log == ["fin"]
    assert (other.body, other.trailers) == (asked.body, None)


async def test_websocket_is_a_chat(files: CertificateFiles, connect: Connect) -> None:
    async with example("websocket", files) as server:
        assert b"<title>Chat over HTTP/3</title>" in await get(server, files)
        guests = [
            await WebSocketClient.opened(await connect(server.address), "/chat") for _ in range(3)
        ]
        for number, guest in enumerate(guests):
            guest.send(f"this is {number}")
            assert [await each.receive() for each in guests] == [f"this is {number}"] * 3
        assert await guests[0].close(1001) == Closed(1001)
        guests[1].send("one has left")
        assert [await each.receive() for each in guests[1:]] == ["one has left"] * 2


async def test_handler_echoes_no_faster_than_it_is_read(
    files: CertificateFiles, connect: Connect
) -> None:
    window = 32 * KIB
    body = bytes(range(256)) * 8 * KIB
    async with example("handler", files) as server:
        client = await connect(server.address, gives_credit=False, max_stream_data=window)
        exchange = client.request("/", method="POST", end=False)
        exchange.send(body, end=True)
        await client.until(lambda: client.quic.downloaded(exchange.stream_id) == window)
        await client.round_trip()
        assert client.quic.uploaded(exchange.stream_id) < len(body) / 2

        client.give_credit()

        assert bytes((await exchange.over()).body) == body


async def test_webtransport_echoes_all_that_there_is(
    files: CertificateFiles, connect: Connect
) -> None:
    async with example("webtransport", files) as server:
        page = (await (await connect(server.address)).get("/")).body
        assert b"new WebTransport(" in page
        async with SessionClient.opened(server.address, files.certfile) as client:
            client.send_payload(b"a datagram")
            both = client.begin_stream()
            client.send(both, b"both ways", end=True)
            client.send(client.begin_stream(bidirectional=False), b"one way each", end=True)
            await client.until(
                lambda: (
                    bool(client.datagrams)
                    and client.streams[both].ended
                    and all(
                        client.streams[each].ended for each in [*client.opened_by_server(), both]
                    )
                    and bool(client.opened_by_server())
                )
            )
            [ours] = client.opened_by_server()
            assert client.datagrams == [b"\0a datagram"]
            assert client.streams[both].data == b"both ways"
            assert client.streams[ours].data == encode_stream_head(ours, 0) + b"one way each"


async def test_the_client_makes_five_requests_on_one_connection(files: CertificateFiles) -> None:
    async with example("hello", files) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLES / "client.py"),
            server.url,
            str(files.certfile),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()

        assert said.decode().splitlines() == [
            f"request {number}: status 200, 19 bytes" for number in range(5)
        ]
        assert server.process.stdout is not None
        log = [(await server.process.stdout.readline()).split() for _ in range(5)]
        assert {line[-1] for line in log} == {b"200"}
        assert len({line[1] for line in log}) == 1, "the requests came from different ports"
