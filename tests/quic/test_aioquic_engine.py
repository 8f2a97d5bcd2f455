"""Settings and certificates become aioquic's; what it could not use is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from h3producer.config import Config
from h3producer.quic.aioquic import AioquicEngine
from h3producer.quic.engine import EngineError
from h3producer.quic.packets import VERSION_1, VERSION_2, InitialPacket
from tests.pair import Client, Pair, make_credentials

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

INITIAL = InitialPacket(VERSION_1, b"original", b"client", b"")

USABLE = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}


@pytest.mark.parametrize("name", USABLE)
async def test_a_handshake_works_with_each_kind_of_key(name: str) -> None:
    pair = Pair(credentials=make_credentials(USABLE[name]))
    await pair.connect()
    assert pair.client.is_connected


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (ec.generate_private_key(ec.SECP521R1()), "an EC key on the curve secp521r1"),
        (dsa.generate_private_key(2048), "a DSA key"),
    ],
)
def test_a_key_that_aioquic_cannot_use_is_said_in_a_sentence(
    key: CertificateIssuerPrivateKeyTypes, kind: str
) -> None:
    with pytest.raises(EngineError, match=f"^aioquic cannot sign with {kind}: use .+\\.$"):
        AioquicEngine(Config(), make_credentials(key))


def test_a_key_that_cannot_be_used_replaces_none() -> None:
    engine = AioquicEngine(Config(), make_credentials())
    with pytest.raises(EngineError, match="a DSA key"):
        engine.present(make_credentials(dsa.generate_private_key(2048)))
    assert isinstance(engine._configuration.private_key, ec.EllipticCurvePrivateKey)


async def test_applications_see_the_certificate() -> None:
    pair = Pair()
    await pair.connect()
    facts = pair.transport.tls
    assert facts is not None
    pem = make_credentials().certificate.public_bytes(Encoding.PEM).decode()
    assert facts.server_certificate == pem
    assert pair.transport.tls is facts


def test_tls_is_unknown_before_the_handshake() -> None:
    connection = AioquicEngine(Config(), make_credentials()).accept(INITIAL, None)
    assert connection.tls_facts is None


async def test_tls_secrets_are_written_for_wireshark(tmp_path: Path) -> None:
    path = tmp_path / "keys.log"
    path.write_text("# earlier\n")
    pair = Pair(config=Config(keylog_file=str(path)))
    await pair.connect()
    pair.engine.close()
    lines = path.read_text().splitlines()
    assert lines[0] == "# earlier"
    assert {line.split()[0] for line in lines[1:]} == {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_TRAFFIC_SECRET_0",
    }


def test_a_key_log_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    config = Config(keylog_file=str(tmp_path / "no" / "keys.log"))
    with pytest.raises(EngineError, match=r"^Cannot write the key log '.+': No such file"):
        AioquicEngine(config, make_credentials())


def test_an_engine_without_a_key_log_can_be_closed() -> None:
    AioquicEngine(Config(), make_credentials()).close()


async def test_settings_reach_the_client() -> None:
    config = Config(
        request_buffer=5000,
        connection_buffer=70_000,
        max_concurrent_streams=7,
        idle_timeout=9,
        max_datagram_size=1300,
    )
    pair = Pair(config=config)
    await pair.connect()
    quic = pair.client.quic
    assert quic._remote_max_stream_data_bidi_remote == 5000
    assert quic._remote_max_data == 70_000
    assert quic._remote_max_streams_bidi == 7
    assert quic._remote_max_idle_timeout == 9
    pair.transport.send(pair.transport.open_uni_stream(), bytes(100_000))
    await pair.drive()
    assert max(map(len, pair.to_client)) == 1300


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
async def test_both_versions_are_spoken(version: int) -> None:
    pair = Pair(client=Client(versions=[version]))
    await pair.connect()
    assert pair.client.is_connected
    assert pair.client.quic._version == version


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_a_refusal_is_understood(version: int) -> None:
    client = Client(versions=[version])
    client.quic.connect(("192.0.2.9", 1), 0.0)
    initial = InitialPacket(version, client.quic._peer_cid.cid, client.quic.host_cid, b"")
    refusal = AioquicEngine(Config(), make_credentials()).refuse(initial, 0x0B)
    client.receive(refusal, ("192.0.2.9", 1), 0.0)
    assert client.terminated is not None
    assert client.terminated.error_code == 0x0B
    assert len(refusal) < 100


def test_a_connection_is_reachable_under_the_clients_id_and_its_own() -> None:
    connection = AioquicEngine(Config(), make_credentials()).accept(INITIAL, None)
    assert set(connection.connection_ids) == {b"original", connection.host_cid}


def test_a_connection_after_a_retry_is_reachable_under_the_retrys_id() -> None:
    connection = AioquicEngine(Config(), make_credentials()).accept(INITIAL, b"before it")
    assert set(connection.connection_ids) == {b"original", connection.host_cid}
    assert connection.original_destination_connection_id == b"before it"


def test_a_connection_that_has_seen_nothing_says_so() -> None:
    connection = AioquicEngine(Config(), make_credentials()).accept(INITIAL, None)
    assert not connection.is_started
    assert connection.datagrams_to_send(0.0) == []
    assert connection.peer_address == ("", 0)
