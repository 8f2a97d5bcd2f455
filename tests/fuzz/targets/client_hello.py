"""Any bytes as a ClientHello → an alert, or a handshake that goes on and resumes no session.

Covers `quic/aioquic/client_hello.py`, `server_tls.py` and `key_exchange.py`. Allowed: a TLS alert.
Where aioquic's own reader can read it too, both have read the same.
"""

from __future__ import annotations

import ssl

from aioquic.tls import (
    Alert,
    CipherSuite,
    Context,
    Epoch,
    ExtensionType,
    State,
    pull_client_hello,
)

from h3producer.quic.aioquic.client_hello import parse_client_hello
from h3producer.quic.aioquic.internals import Buffer, BufferReadError
from h3producer.quic.aioquic.server_identity import ServerIdentity
from h3producer.quic.aioquic.server_tls import ServerTls
from h3producer.quic.keys.session_tickets import SessionTickets
from tests.pair import make_credentials

__all__ = ["SEEDS", "fuzz"]

IDENTITY = ServerIdentity(
    make_credentials(), list(CipherSuite)[:3], [b"h3"], SessionTickets(100.0, lambda: 0.0)
)


def client_hello(protocol: str = "h3") -> bytes:
    """The body of the hello that aioquic's client sends."""
    client = Context(
        is_client=True,
        alpn_protocols=[protocol],
        server_name="localhost",
        verify_mode=ssl.CERT_NONE,
    )
    client.handshake_extensions = [(ExtensionType.QUIC_TRANSPORT_PARAMETERS, b"")]
    buffers = {epoch: Buffer(capacity=4096) for epoch in Epoch}
    client.handle_message(b"", buffers)
    data: bytes = buffers[Epoch.INITIAL].data
    return data[4:]


SEEDS = {
    "a client's": client_hello(),
    "another protocol": client_hello("h9"),
    "cut": client_hello()[:-1],
    "empty": b"",
}


def fuzz(data: bytes) -> None:
    data = data[:16_000]
    message = b"\x01" + len(data).to_bytes(3, "big") + data
    server = ServerTls(IDENTITY)
    server.alpn_cb = lambda protocol: None
    server.update_traffic_key_cb = lambda *keys: None
    server.handshake_extensions = []
    try:
        server.handle_message(message, IDENTITY.buffers)
    except Alert:
        return
    assert server.state is State.SERVER_EXPECT_FINISHED
    assert not server.session_resumed
    assert not server.early_data_accepted
    compare(message)


def compare(message: bytes) -> None:
    try:
        theirs = pull_client_hello(Buffer(data=message))
    except (Alert, BufferReadError):
        return  # it looks into extensions that we have no use for
    ours = parse_client_hello(message)
    assert ours.random == theirs.random
    assert ours.cipher_suites == theirs.cipher_suites
    assert list(ours.key_shares()) == theirs.key_share
    assert ours.signature_algorithms == theirs.signature_algorithms
    assert ours.takes_tickets == (1 in (theirs.psk_key_exchange_modes or []))
