"""Tests of `client/connection.py` and `client/link.py`: our client and our server, over UDP."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from aioquic.asyncio.server import serve as aioquic_serve
from aioquic.quic.configuration import QuicConfiguration

from h3producer.client import connection as connection_module
from h3producer.client.connection import connect
from h3producer.client.errors import ClientError
from h3producer.client.link import ClientLink, Remote
from h3producer.client.target import Target
from h3producer.errors import ErrorCode
from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.certificates.files import CertificateFiles
from tests.e2e.server import address_of, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from h3producer.client.response import ClientResponse
    from h3producer.http3.stream import Http3Stream
    from h3producer.server.server import Server


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    files = CertificateFiles.in_directory(tmp_path_factory.mktemp("certificate"))
    files.write(make_development_certificate())
    return files


def target_of(server: Server, path: str = "/", host: str = "127.0.0.1") -> Target:
    return Target.from_url(f"https://{host}:{address_of(server)[1]}{path}")


async def whole(response: ClientResponse) -> bytes:
    await response.head()
    return b"".join([piece async for piece in response])


async def echo(stream: Http3Stream) -> None:
    """Answers with what it got: method, path, authority and body."""
    request = stream.request
    head = f"{request.method} {request.path.decode()} {request.authority}|".encode()
    stream.response.start(200, [(b"content-type", b"text/plain")])
    await stream.response.write(head)
    while piece := await stream.body.read_chunk():
        await stream.response.write(piece)
    await stream.response.complete()


async def test_a_request_gets_its_response(files: CertificateFiles) -> None:
    async with running(echo, files) as server:
        target = target_of(server, "/a?b")
        async with connect(target, cafile=files.certfile) as connection:
            response = connection.request("POST", body=[b"hel", b"lo"])
            assert await response.head() == 200
            assert (b"content-type", b"text/plain") in response.headers
            body = await whole(response)
    assert body == f"POST /a?b {target.authority}|hello".encode()


async def test_a_connection_takes_many_requests_at_once(files: CertificateFiles) -> None:
    async with (
        running(echo, files) as server,
        connect(target_of(server), cafile=files.certfile) as connection,
    ):
        responses = [connection.request("GET", f"/{number}") for number in range(20)]
        for number, response in enumerate(responses):
            body = await whole(response)
            assert body.startswith(b"GET /%d " % number)


async def test_megabytes_go_both_ways(files: CertificateFiles) -> None:
    pieces = [bytes([number]) * 50_000 for number in range(60)]
    async with (
        running(echo, files) as server,
        connect(target_of(server), cafile=files.certfile) as connection,
    ):
        response = connection.request("POST", body=pieces)
        body = await whole(response)
    assert body.partition(b"|")[2] == b"".join(pieces)


async def test_a_server_that_wants_no_more_gets_no_more(files: CertificateFiles) -> None:
    async def refuse(stream: Http3Stream) -> None:
        stream.response.start(413)
        await stream.response.complete()

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(10_000)

    async with (
        running(refuse, files) as server,
        connect(target_of(server), cafile=files.certfile) as connection,
    ):
        response = connection.request("POST", body=endless())
        assert await response.head() == 413
        assert await response.read_chunk() == b""


async def test_a_reset_is_an_error_with_its_name(files: CertificateFiles) -> None:
    async def reset(stream: Http3Stream) -> None:
        stream.reset(ErrorCode.H3_EXCESSIVE_LOAD)

    async with (
        running(reset, files) as server,
        connect(target_of(server), cafile=files.certfile) as connection,
    ):
        response = connection.request("GET")
        with pytest.raises(ClientError, match="The server reset the stream: H3_EXCESSIVE_LOAD"):
            await response.head()


async def test_the_end_of_the_connection_ends_every_response(files: CertificateFiles) -> None:
    async def hold(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        await stream.wait_closed()

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(hold, files))
        async with connect(target_of(server), cafile=files.certfile) as connection:
            response = connection.request("GET")
            await response.head()
            await stack.aclose()
            with pytest.raises(ClientError, match="The connection ended: H3_NO_ERROR"):
                await response.read_chunk()
            with pytest.raises(ClientError, match="The connection ended: H3_NO_ERROR"):
                await connection.request("GET").head()


async def test_a_body_that_cannot_be_read_is_an_error(files: CertificateFiles) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise OSError(5, "Input/output error")

    async with (
        running(echo, files) as server,
        connect(target_of(server), cafile=files.certfile) as connection,
    ):
        response = connection.request("POST", body=broken())
        with pytest.raises(ClientError, match="request body cannot be read: Input/output error"):
            await whole(response)


async def test_closing_ends_an_upload_that_goes_on(files: CertificateFiles) -> None:
    async def never_read(stream: Http3Stream) -> None:
        await stream.wait_closed()

    async with (
        running(never_read, files) as server,
        connect(target_of(server), cafile=files.certfile) as connection,
    ):
        response = connection.request("POST", body=[bytes(100_000)] * 100)
    with pytest.raises(ClientError, match="The connection ended"):
        await response.head()


# Whom to trust


async def test_a_certificate_of_nobody_we_know_is_refused(files: CertificateFiles) -> None:
    async with running(echo, files) as server:
        with pytest.raises(ClientError, match="is not trusted: self-signed certificate; "):
            async with connect(target_of(server)):
                pytest.fail("it must not open")


async def test_a_certificate_for_another_host_is_refused(
    tmp_path: Path, files: CertificateFiles
) -> None:
    other = CertificateFiles.in_directory(tmp_path)
    other.write(make_development_certificate(["a.test"]))
    async with running(echo, other) as server:
        with pytest.raises(ClientError, match=r"The certificate of 127\.0\.0\.1 is not trusted"):
            async with connect(target_of(server), cafile=other.certfile):
                pytest.fail("it must not open")


async def test_without_verification_any_certificate_will_do(files: CertificateFiles) -> None:
    async with running(echo, files) as server, connect(target_of(server), verify=False) as client:
        assert await client.request("GET").head() == 200


# Whom to reach


async def test_a_name_is_tried_on_each_of_its_addresses(files: CertificateFiles) -> None:
    async with running(echo, files) as server:
        target = target_of(server, host="localhost")  # often ::1 first, where nobody listens
        async with connect(target, cafile=files.certfile) as connection:
            assert await connection.request("GET").head() == 200


async def test_where_nobody_listens_that_is_said_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ClientError, match=rf"Nobody listens on 127\.0\.0\.1, UDP port {port}\."):
        async with connect(Target.from_url(f"https://127.0.0.1:{port}/")):
            pytest.fail("it must not open")


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "CONNECT_TIMEOUT", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        target = Target.from_url(f"https://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(ClientError, match="Nobody answers on"):
            async with connect(target):
                pytest.fail("it must not open")


async def test_a_server_of_another_protocol_is_one_sentence(files: CertificateFiles) -> None:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["smtp"])
    configuration.load_cert_chain(files.certfile, files.keyfile)
    server = await aioquic_serve("127.0.0.1", 0, configuration=configuration)
    assert server._transport is not None
    port = server._transport.get_extra_info("sockname")[1]
    with pytest.raises(
        ClientError, match=r"The handshake with 127\.0\.0\.1, UDP port \d+ failed: "
    ):
        async with connect(Target.from_url(f"https://127.0.0.1:{port}/"), cafile=files.certfile):
            pytest.fail("it must not open")
    server.close()


async def test_a_name_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(ClientError, match=r"'nowhere\.invalid' cannot be found: "):
        async with connect(Target.from_url("https://nowhere.invalid/")):
            pytest.fail("it must not open")


# The link


async def test_a_link_knows_its_own_address() -> None:
    link = ClientLink()
    await link.open(Remote(socket.AF_INET, ("127.0.0.1", 9)))
    assert link.local_address[0] == "127.0.0.1"
    link.close()


async def test_an_address_that_cannot_be_reached_is_one_sentence() -> None:
    broadcast = Remote(socket.AF_INET, ("255.255.255.255", 9))
    with pytest.raises(ClientError, match=r"Cannot reach 255\.255\.255\.255: "):
        await ClientLink().open(broadcast)
