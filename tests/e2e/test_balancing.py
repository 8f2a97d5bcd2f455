"""Connection IDs that a balancer can route, of every length, on a server and with a real client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.quic.balancing.assignment import read_assignments
from h3producer.quic.balancing.balancer import Balancer
from h3producer.quic.limits import MAX_CONNECTION_IDS
from tests.e2e.apps import hello
from tests.e2e.raw_client import RawClient
from tests.e2e.relay import Relay
from tests.e2e.server import address_of

if TYPE_CHECKING:
    from pathlib import Path

    from aioquic.tls import SessionTicket

    from h3producer.server.certificates.files import CertificateFiles
    from h3producer.server.server import Server
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

SERVER_ID = "c0ffee01"


def settings(directory: Path, nonce_length: int) -> dict[str, object]:
    """Of an encrypted configuration."""
    key = directory / "key"
    key.write_text("8f95f09245765f80256934e50c66207f")
    return {
        "lb_server_id": SERVER_ID,
        "lb_key_file": str(key),
        "lb_nonce_length": nonce_length,
        "lb_nonce_file": str(directory / "nonces"),
    }


def ids_of_server(client: RawClient) -> list[bytes]:
    """All that the client may send to: the one in use, and those for other paths."""
    quic = client.quic
    return [quic._peer_cid.cid, *(each.cid for each in quic._peer_cid_available)]


def balancer_of(server: Server, server_id: str = SERVER_ID) -> Balancer[str]:
    """One that has the same configuration."""
    configs = [each.config for each in read_assignments(server.config)]
    return Balancer(configs, {bytes.fromhex(server_id): "here"})


@pytest.mark.parametrize("nonce_length", [4, 8, 12, 15])
async def test_a_client_gets_ids_of_any_length_that_all_lead_here(
    serve: Serve, connect: Connect, tmp_path: Path, nonce_length: int
) -> None:
    server = await serve(hello, **settings(tmp_path, nonce_length))
    client = await connect(server)
    seen = set()
    for _ in range(6):  # more than it has at a time
        await client.until(lambda: bool(client.quic._peer_cid_available))
        client.quic.change_connection_id()
        await client.move()
        assert (await client.get("/")).status == 200
        seen.update(ids_of_server(client))
    assert len(seen) > MAX_CONNECTION_IDS
    assert {len(each) for each in seen} == {5 + nonce_length}
    assert {balancer_of(server).server_of(each) for each in seen} == {"here"}


@pytest.mark.parametrize("server_id", ["01", SERVER_ID])
async def test_a_retry_leads_here_as_well(
    serve: Serve, connect: Connect, tmp_path: Path, server_id: str
) -> None:
    """Even with an ID that is too short for a client to make up."""
    given = {**settings(tmp_path, 4), "lb_server_id": server_id}
    server = await serve(hello, retry="always", **given)
    client = await connect(server)
    assert (await client.get("/")).status == 200
    retried = client.quic._retry_source_connection_id
    assert retried is not None
    assert balancer_of(server, server_id).server_of(retried) == "here"


async def test_without_a_key_a_client_gets_one_id_and_may_be_rebound(
    serve: Serve, connect: Connect
) -> None:
    client = await connect(await serve(hello, lb_server_id=SERVER_ID))
    await client.get("/")
    await client.move()
    assert (await client.get("/")).status == 200
    (only,) = ids_of_server(client)
    assert only[1:5] == bytes.fromhex(SERVER_ID)


async def test_without_quic_lb_a_client_that_reaches_another_host_is_told_at_once(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """If both have the same secret."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(32))
    here, there = [await serve(hello, secret_file=str(secret)) for _ in range(2)]
    with Relay.before(address_of(here)) as relay:
        client = await connect(relay.address)
        assert (await client.get("/")).status == 200
        token = client.quic._peer_cid.stateless_reset_token
        answers: list[bytes] = []
        relay.watch = lambda to_server, data: None if to_server else answers.append(data)
        relay.server = address_of(there)
        client.request("/")
        # RFC 9000 §10.3. aioquic's clients do not know their tokens; others end at once.
        await client.until(lambda: any(each.endswith(token) for each in answers))


async def test_a_session_with_one_host_is_resumed_by_another(
    serve: Serve, connect: Connect, files: CertificateFiles, tmp_path: Path
) -> None:
    """If both have the same secret. aioquic's own TLS gives no tickets."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(32))
    shared = {"secret_file": str(secret), "fast_path": True}
    here, there = [await serve(hello, **shared) for _ in range(2)]
    tickets: list[SessionTicket] = []
    first = RawClient.silent(address_of(here), cafile=files.certfile)
    first.quic._session_ticket_handler = tickets.append
    await first.start()
    await first.until(lambda: bool(tickets))
    first.close()
    first.vanish()

    second = await connect(there, session_ticket=tickets[0])  # type: ignore[arg-type]  # not a number

    assert second.quic.tls.session_resumed
    assert (await second.get("/")).status == 200
