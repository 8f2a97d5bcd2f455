"""An `Engine` on aioquic: settings, new connections, and refusals.

This file knows how our settings and the server's certificate become aioquic's configuration. It
refuses to read certificate files: whoever starts the server does, and says what is wrong with them.

Its one rule: what aioquic would find out only in the middle of a handshake is said when the
engine is made.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import aioquic
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import TRANSPORT_CLOSE_FRAME_CAPACITY
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicFrameType, QuicPacketType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.tls import CipherSuite
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from h3producer.quic.aioquic.congestion import bounded
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.connection_model import ConnectionModel
from h3producer.quic.aioquic.internals import IS_KNOWN_RELEASE
from h3producer.quic.aioquic.own_packets import note_own_packets
from h3producer.quic.aioquic.qlog import Noting
from h3producer.quic.aioquic.server_identity import ServerIdentity
from h3producer.quic.connection_ids import PlainIds
from h3producer.quic.engine import EngineError
from h3producer.quic.keys.initial_keys import ClientKeys, authenticate
from h3producer.quic.keys.sessions import Sessions
from h3producer.quic.keys.stateless_reset import ResetTokens
from h3producer.quic.limits import MAX_DATAGRAM_FRAME, MAX_UNI_STREAMS
from h3producer.quic.mtu_search import BASE_SIZE
from h3producer.quic.packets import MIN_INITIAL_SIZE, VERSION_1, VERSION_2
from h3producer.quic.udp.sockets import FORBIDS_FRAGMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from h3producer.config import Config
    from h3producer.quic.connection_ids import ConnectionIds
    from h3producer.quic.engine import Credentials
    from h3producer.quic.packets import InitialPacket

__all__ = ["AioquicEngine"]

logger = logging.getLogger("h3producer.quic")

ALPN = "h3"
"""The protocol that we speak (RFC 9114 §3.1)."""

CIPHER_SUITES = [
    CipherSuite.AES_128_GCM_SHA256,
    CipherSuite.AES_256_GCM_SHA384,
    CipherSuite.CHACHA20_POLY1305_SHA256,
]
"""Best first. 128 bits are enough for anybody who may choose, and SHA-384 costs a third more."""


class AioquicEngine:
    """Makes `AioquicConnection`s that present the server's certificate.

    `protocols` are the ALPN names of what is spoken, best first. `ids` and
    `sessions` are by default those of a process that serves alone and has no secret to share.
    Raises `EngineError` if aioquic cannot sign with the key, or a log cannot be opened.
    Owns the key log; `close` it.
    """

    versions = (VERSION_1, VERSION_2)

    def __init__(
        self,
        config: Config,
        credentials: Credentials,
        protocols: Sequence[str] = (ALPN,),
        ids: ConnectionIds | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        _check_key(credentials.private_key)
        self._config = config
        self._protocols = protocols
        self.ids: ConnectionIds = ids or PlainIds(ResetTokens())
        self._max_streams = config.max_concurrent_streams
        # A session of WebTransport has as many of either kind.
        of_sessions = config.max_concurrent_streams if config.webtransport else 0
        self._max_uni_streams = MAX_UNI_STREAMS + of_sessions
        self._max_pending_datagrams = config.max_pending_datagrams
        is_known = _is_known_release()
        self._is_ours = config.fast_path and is_known
        self._fast_path = self._is_ours
        probes = is_known and FORBIDS_FRAGMENTS
        self._datagram_ceiling = config.max_datagram_size if probes else BASE_SIZE
        self._keys: ClientKeys | None = None
        """Those of the packet that was judged last, which may become a connection now."""
        self._sessions = sessions or Sessions.of(config)
        self._noting = None if config.qlog_dir is None else Noting(config.qlog_dir, config)
        self._keylog = _open_keylog(config.keylog_file)
        self.present(credentials)

    def present(self, credentials: Credentials) -> None:
        """Show this certificate from now on; connections that are there keep theirs.

        Sessions can be resumed all the same. Raises `EngineError` if aioquic cannot sign with the
        key; then nothing has changed.
        """
        _check_key(credentials.private_key)
        config, protocols = self._config, self._protocols
        self._configuration = _make_configuration(config, credentials, self._keylog, protocols)
        self._configuration.connection_id_length = self.ids.length
        if self._noting is not None:
            self._noting.configure(self._configuration)
        self._identity = self._make_identity(credentials) if self._is_ours else None
        self._model = ConnectionModel(self._configuration) if self._fast_path else None

    def is_authentic(self, datagram: bytes, initial: InitialPacket) -> bool:
        """Whether the packet is what its header says."""
        self._keys = authenticate(datagram, initial)
        return self._keys is not None

    def accept(self, initial: InitialPacket, original_id: bytes | None) -> AioquicConnection:
        """A new connection; the datagram still has to be given to it."""
        configuration, model = self._configuration, self._model
        if self._noting is not None and self._noting.sampling.takes():
            configuration, model = self._noting.configuration, None
        connection = AioquicConnection(
            configuration,
            original_id=original_id or initial.destination_id,
            retry_source_id=None if original_id is None else initial.destination_id,
            model=model,
            ids=self.ids,
        )
        connection.identity = self._identity
        connection.first_keys = self._keys
        connection.limit_streams(self._max_streams, self._max_uni_streams)
        connection.max_pending_datagrams = self._max_pending_datagrams
        connection.datagram_ceiling = self._datagram_ceiling
        connection.reads_fast = self._fast_path
        if self._fast_path:
            connection.start_fast_path()
        if self._noting is not None and connection.trace is not None:
            note_own_packets(connection, connection.trace)
        return connection

    def refuse(self, initial: InitialPacket, error_code: int) -> bytes:
        """An Initial packet that closes with a transport error code (RFC 9000 §10.2.3).

        Its keys come from the id that the client chose, so no state is needed.
        """
        crypto = CryptoPair()
        crypto.setup_initial(cid=initial.destination_id, is_client=False, version=initial.version)
        builder = QuicPacketBuilder(
            host_cid=initial.destination_id,
            peer_cid=initial.source_id,
            version=initial.version,
            is_client=False,
            max_datagram_size=MIN_INITIAL_SIZE,
        )
        builder.start_packet(QuicPacketType.INITIAL, crypto)
        frame = builder.start_frame(QuicFrameType.TRANSPORT_CLOSE, TRANSPORT_CLOSE_FRAME_CAPACITY)
        frame.push_uint_var(error_code)
        frame.push_uint_var(QuicFrameType.PADDING)
        frame.push_uint_var(0)  # no reason phrase
        datagrams, _ = builder.flush()
        return datagrams[0]

    def _make_identity(self, credentials: Credentials) -> ServerIdentity:
        protocols = [each.encode() for each in self._protocols]
        return ServerIdentity(credentials, CIPHER_SUITES, protocols, *self._sessions)

    def close(self) -> None:
        """Close the key log."""
        if self._keylog is not None:
            self._keylog.close()


def _make_configuration(
    config: Config,
    credentials: Credentials,
    keylog: TextIO | None,
    protocols: Sequence[str] = (ALPN,),
) -> QuicConfiguration:
    return QuicConfiguration(
        is_client=False,
        alpn_protocols=list(protocols),
        cipher_suites=CIPHER_SUITES,
        congestion_control_algorithm=bounded(config.congestion_control, config.max_bytes_in_flight),
        certificate=credentials.certificate,
        certificate_chain=list(credentials.chain),
        private_key=credentials.private_key,
        idle_timeout=config.idle_timeout,
        max_data=config.connection_buffer,
        max_stream_data=config.request_buffer,
        max_datagram_size=BASE_SIZE,
        max_datagram_frame_size=MAX_DATAGRAM_FRAME,
        secrets_log_file=keylog,
        supported_versions=list(AioquicEngine.versions),
    )


def _is_known_release() -> bool:
    if IS_KNOWN_RELEASE:
        return True
    logger.warning(
        "aioquic %s is newer than this h3producer: serving without the fast path.",
        aioquic.__version__,
    )
    return False


def _check_key(key: PrivateKeyTypes) -> None:
    if isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
            return
        kind = f"an EC key on the curve {key.curve.name}"
    else:
        kind = f"a {type(key).__name__.removesuffix('PrivateKey')} key"
    raise EngineError(
        f"aioquic cannot sign with {kind}: use RSA, ECDSA on P-256 or P-384, or Ed25519."
    )


def _open_keylog(path: str | None) -> TextIO | None:
    if path is None:
        return None
    try:
        # Whoever reads it reads all that is said: nobody but us, if it is made here.
        descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        return open(descriptor, "a", encoding="ascii")
    except OSError as error:
        raise EngineError(f"Cannot write the key log {path!r}: {error.strerror}.") from error
