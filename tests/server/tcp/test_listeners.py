"""Where the TCP side listens, whom it lets in, and which certificate it shows."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import tempfile
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config, ConfigError
from h3producer.server.certificates.credentials import load_credentials
from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.certificates.files import CertificateFiles, read_certificate
from h3producer.server.errors import StartupError
from h3producer.server.listeners import UdpListeners
from h3producer.server.server import Server
from h3producer.server.tcp.both import UdpAndTcp
from h3producer.server.tcp.tls import tls_context
from tests.e2e.apps import hello
from tests.e2e.server import command, command_server
from tests.server.tcp.clients import Http2Client, tls
from tests.server.tcp.conftest import VERSIONS

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

pytestmark = pytest.mark.once


def tcp_addresses(server: Server) -> list[tuple[str, int]]:
    assert isinstance(server._listeners, UdpAndTcp)
    return server._listeners._tcp.addresses


async def test_both_sides_have_the_same_addresses(served: Serve) -> None:
    server = await served(hello, host="localhost", port=0)

    assert len(server.addresses) == 2
    assert tcp_addresses(server) == server.addresses


async def test_the_tcp_port_may_be_another(served: Serve) -> None:
    server = await served(hello, tcp_port=0)

    [(host, port)] = tcp_addresses(server)
    assert host == "127.0.0.1"
    assert port not in (0, server.addresses[0][1])
    async with await Http2Client.connected((host, port)) as client:
        answer = await client.get("/")
    assert answer.headers[b"alt-svc"].startswith(b'h3=":%d"' % server.addresses[0][1])


async def test_a_socket_that_is_bound_already_is_taken(served: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = await served(hello, tcp_bind=(f"fd://{listening.fileno()}",))

        async with await Http2Client.connected(listening.getsockname()) as client:
            assert (await client.get("/")).status == 200
        assert tcp_addresses(server) == [listening.getsockname()]


async def test_a_port_that_is_taken_in_tcp_ends_the_start(files: CertificateFiles) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = Config(app=hello, host="127.0.0.1", port=port, with_tcp=True)

        with pytest.raises(StartupError, match=f"TCP 127.0.0.1:{port}: Address already in use"):
            await Server(config).serve()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))  # UDP's was given back


async def test_port_0_is_tried_again_if_it_is_taken_in_tcp(
    served: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = UdpListeners.bind
    taken: list[socket.socket] = []

    def bind_where_somebody_is(self: UdpListeners) -> None:
        bind(self)
        if not taken:
            taken.append(socket.create_server(self.addresses[0]))

    monkeypatch.setattr(UdpListeners, "bind", bind_where_somebody_is)

    server = await served(hello, port=0)

    assert taken[0].getsockname() != server.addresses[0] == tcp_addresses(server)[0]
    taken[0].close()


async def test_the_command_says_in_one_sentence_that_a_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        where = ("--app-dir", "examples", "--host", "127.0.0.1", "--port", port)
        outcome = await command("hello:app", "--with-tcp", *where, XDG_STATE_HOME=str(tmp_path))

    assert outcome.exit_code == 3
    assert outcome.stderr.splitlines()[-1] == (
        f"h3producer: Cannot listen on TCP 127.0.0.1:{port}: Address already in use."
    )


async def test_the_command_serves_both(tmp_path: Path) -> None:
    where = ("--app-dir", "examples", "--host", "127.0.0.1", "--port", "0")
    async with command_server(
        "hello:app", "--with-tcp", *where, XDG_STATE_HOME=str(tmp_path)
    ) as server:
        async with await Http2Client.connected(server.address) as client:
            answer = await client.get("/")
        assert bytes(answer.body) == b"Hello over HTTP/2!\n"


@pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed here")
async def test_on_uvloop_it_serves_and_stops_as_well(tmp_path: Path) -> None:
    where = ("--app-dir", "examples", "--host", "127.0.0.1", "--port", "0", "--loop", "uvloop")
    async with command_server(
        "hello:app", "--with-tcp", *where, XDG_STATE_HOME=str(tmp_path)
    ) as server:
        for version in VERSIONS:
            client = await version.connected(server.address)
            assert (await client.get("/")).status == 200
        server.signal(signal.SIGTERM)
        await client.until_closed()
        assert await server.ended() == 0
    assert [line for line in server.log if line.startswith("ERROR")] == []


async def test_connections_that_hang_hold_up_nobody_over_quic(
    served: Serve, connect: Connect
) -> None:
    server = await served(hello, max_half_open_connections=10, retry="never")
    hanging = [await asyncio.open_connection(*server.addresses[0]) for _ in range(20)]

    client = await connect(server)

    assert (await client.get("/")).status == 200
    for _, writer in hanging:
        writer.transport.abort()


async def test_load_balancers_may_ask_for_its_health_over_tcp(served: Serve) -> None:
    server = await served(hello, health_path="/healthz")
    async with await Http2Client.connected(server) as client:
        assert (await client.get("/healthz")).status == 200
        assert bytes((await client.get("/healthz")).body) != b"hello"


@pytest.mark.parametrize("setting", [{"tcp_port": 1}, {"tcp_bind": (":1",)}])
def test_tcp_settings_without_tcp_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="with_tcp"):
        Config(**setting)  # type: ignore[arg-type]  # checked by Config itself


# Who may come


async def handshake(to: tuple[str, int]) -> x509.Certificate | None:
    """The certificate that is shown; None if there is no handshake."""
    from cryptography.x509 import load_der_x509_certificate

    try:
        _, writer = await asyncio.open_connection(*to, ssl=tls("h2"))
    except OSError:
        return None
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return load_der_x509_certificate(shown)


async def test_beyond_max_connections_nobody_is_let_in(served: Serve) -> None:
    server = await served(hello, max_connections=1)
    async with await Http2Client.connected(server) as client:
        await client.get("/")
        assert await handshake(server.addresses[0]) is None
        client.vanish()
        await client.until_closed()

    for _ in range(100):  # the server hears of it soon
        if await handshake(server.addresses[0]):
            return
    raise AssertionError("There is no room again.")


async def test_beyond_its_share_an_address_is_not_let_in(served: Serve) -> None:
    server = await served(hello, max_connections_per_address=1)
    async with await Http2Client.connected(server) as client:
        await client.get("/")

        assert await handshake(server.addresses[0]) is None


async def test_half_open_connections_hold_up_newcomers_and_no_more(served: Serve) -> None:
    server = await served(hello, max_half_open_connections=1, retry="never", handshake_timeout=0.2)
    _, silent = await asyncio.open_connection(*server.addresses[0])

    async with await Http2Client.connected(server) as client:  # once the silent one was dropped
        assert (await client.get("/")).status == 200
    silent.transport.abort()


async def test_a_client_that_speaks_no_tls_is_not_worth_a_line(
    served: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = await served(hello)
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")

    await reader.read()

    writer.close()
    assert not [record for record in caplog.records if record.levelname not in ("DEBUG", "INFO")]


# Its certificate


async def test_it_shows_the_certificate_that_quic_shows(
    served: Serve, files: CertificateFiles
) -> None:
    server = await served(hello)

    assert await handshake(server.addresses[0]) == read_certificate(files.certfile)


async def test_another_certificate_is_shown_to_whoever_comes_then(
    served: Serve, tmp_path: Path
) -> None:
    server = await served(hello)
    other = CertificateFiles.in_directory(tmp_path)
    other.write(make_development_certificate())

    server._listeners.present(load_credentials(other.certfile, other.keyfile))

    assert await handshake(server.addresses[0]) == read_certificate(other.certfile)


def test_the_key_is_left_nowhere(
    files: CertificateFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    tls_context(load_credentials(files.certfile, files.keyfile), None)

    assert not list(tmp_path.iterdir())


async def test_over_tls_1_2_there_is_forward_secrecy(served: Serve) -> None:
    server = await served(hello)
    context = tls("h2")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _, writer = await asyncio.open_connection(*server.addresses[0], ssl=context)
    assert writer.get_extra_info("cipher")[0].startswith("ECDHE-")
    writer.transport.abort()
