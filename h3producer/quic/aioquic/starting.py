"""How a server's connection begins: TLS, keys, streams and packet spaces, when a client is there.

This file knows what aioquic makes in `_initialize`, and makes the same of our parts. It refuses to
know what they do. Its one rule: without an identity a connection begins as aioquic's own.

aioquic takes 48 KiB of buffers for TLS messages for each connection; here all share a few, since a
message is copied out of them in the call that wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnection
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from aioquic.tls import Epoch, ExtensionType

from h3producer.quic.aioquic.packet_keys import InitialPairs, PacketPair
from h3producer.quic.aioquic.server_tls import ServerTls

if TYPE_CHECKING:
    from h3producer.quic.aioquic.server_identity import ServerIdentity
    from h3producer.quic.keys.initial_keys import ClientKeys

__all__ = ["StartingConnection"]


class StartingConnection(QuicConnection):
    """A QuicConnection that a server can give an identity."""

    identity: ServerIdentity | None = None
    """Who the server is; to be set before the first datagram is received."""
    first_keys: ClientKeys | None = None
    """What the first datagram was opened with before there was a connection, if it was."""

    def _alpn_handler(self, alpn_protocol: str) -> None:
        super()._alpn_handler(alpn_protocol)
        if isinstance(self.tls, ServerTls):
            assert self._version is not None
            self.tls.version = self._version.to_bytes(4, "big")

    def _initialize(self, peer_cid: bytes) -> None:
        identity = self.identity
        if identity is None:
            super()._initialize(peer_cid)
            return
        assert self._version is not None
        self.tls = ServerTls(identity, self._version)
        parameters = self._serialize_transport_parameters()
        self.tls.handshake_extensions = [(ExtensionType.QUIC_TRANSPORT_PARAMETERS, parameters)]
        self.tls.alpn_cb = self._alpn_handler
        self.tls.update_traffic_key_cb = self._update_traffic_key

        self._cryptos_initial = InitialPairs(peer_cid, self.first_keys)
        self.first_keys = None
        self._cryptos = {
            Epoch.INITIAL: self._cryptos_initial[self._version],
            Epoch.ZERO_RTT: PacketPair(),
            Epoch.HANDSHAKE: PacketPair(),
            Epoch.ONE_RTT: PacketPair(),
        }
        self._crypto_buffers = identity.buffers
        self._crypto_streams = {epoch: QuicStream() for epoch in identity.buffers}
        self._spaces = {
            Epoch.INITIAL: QuicPacketSpace(),
            Epoch.HANDSHAKE: QuicPacketSpace(),
            Epoch.ONE_RTT: QuicPacketSpace(is_application_data=True),
        }
        self._loss.spaces = list(self._spaces.values())
