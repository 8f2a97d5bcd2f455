"""The server's side of a TLS 1.3 handshake, in one flight and at the price of its cryptography.

This file knows which messages there are and in which order (RFC 8446 §2, RFC 9001 §4). It refuses
to know how they are parsed (`client_hello.py`) and where keys come from (`key_schedule.py`,
`key_exchange.py`). What aioquic 1.7.2 does, and we do not:

- It encodes certificates and builds each message with a context manager per field: half a
  handshake's time.
- A ticket of its is a random name for something that the application has to keep; ours holds its
  session (`keys/session_tickets.py`). Its tickets invite early data, and all is taken; ours do if
  that is asked for, and it is taken once (`keys/early_data.py`).
- It takes a bad binder for a failed negotiation.

Its one rule: a session that cannot be resumed costs a full handshake, never the connection; only a
client that cannot prove that it owns its ticket is turned away.
"""

from __future__ import annotations

import hmac
import os
import struct
from typing import TYPE_CHECKING

from aioquic.tls import (
    AlertDecryptError,
    AlertHandshakeFailure,
    AlertNoApplicationProtocol,
    AlertUnexpectedMessage,
    CipherSuite,
    Context,
    Direction,
    Epoch,
    ExtensionType,
    HandshakeType,
    State,
)

from h3producer.quic.aioquic.client_hello import parse_client_hello
from h3producer.quic.aioquic.key_exchange import answer_key_share
from h3producer.quic.aioquic.key_schedule import KeySchedule
from h3producer.quic.aioquic.server_identity import encode_message, encode_vector
from h3producer.quic.keys.session_tickets import Session
from h3producer.quic.packets import VERSION_1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h3producer.quic.aioquic.client_hello import ClientHello
    from h3producer.quic.aioquic.internals import Buffer
    from h3producer.quic.aioquic.server_identity import ServerIdentity

__all__ = ["ServerTls"]

_TLS_1_2, _TLS_1_3 = b"\x03\x03", b"\x03\x04"
_NONCE = b""
"""Of a ticket: it tells those of one handshake apart, and there is one (RFC 8446 §4.6.1)."""

_INITIAL, _HANDSHAKE, _ONE_RTT = Epoch.INITIAL, Epoch.HANDSHAKE, Epoch.ONE_RTT
_EXPECTS_HELLO = State.SERVER_EXPECT_CLIENT_HELLO, HandshakeType.CLIENT_HELLO
_EXPECTS_FINISHED = State.SERVER_EXPECT_FINISHED, HandshakeType.FINISHED
"""Members of an enumeration are looked up in a roundabout way."""

_ANY_SIZE = b"\xff\xff\xff\xff"
"""Of early data (RFC 9001 §4.6.1); flow control bounds it."""

_SIGNED_CONTENT = b" " * 64 + b"TLS 1.3, server CertificateVerify" + b"\0"


class ServerTls(Context):
    """A `Context` for one connection of a server, as `QuicConnection` uses one.

    Of what aioquic's is made with, it has what is still asked for, and that in the class.
    """

    state = State.SERVER_EXPECT_CLIENT_HELLO
    early_data_accepted = False
    received_extensions: list[tuple[int, bytes]] | None = None
    session_ticket = None
    _receive_buffer = b""
    _session_resumed = False

    schedule: KeySchedule
    protocol = b""
    audience = b""
    """Of the session that this connection makes."""
    takes_tickets = False
    client_secret = b""
    """The secret of the client's next packets, once its Finished is in."""
    client_finished = b""
    """What its Finished has to hold."""

    def __init__(self, identity: ServerIdentity, version: int = VERSION_1) -> None:
        self.identity = identity
        self.version = version.to_bytes(4, "big")
        """Of QUIC: what the client began with, or what it was found to like better."""
        self.key_schedule = None

    def handle_message(self, input_data: bytes, output_buf: dict[Epoch, Buffer]) -> None:
        received = self._receive_buffer + input_data
        while len(received) >= 4 and len(received) >= (size := _size_of(received)):
            message, received = received[:size], received[size:]
            self._receive_buffer = received
            if (self.state, message[0]) == _EXPECTS_HELLO:
                self.hello_received(message, output_buf[_INITIAL], output_buf[_HANDSHAKE])
            elif (self.state, message[0]) == _EXPECTS_FINISHED:
                self.finished_received(message, output_buf[_ONE_RTT])
            else:
                raise AlertUnexpectedMessage
        self._receive_buffer = received

    # The first flight

    def hello_received(self, message: bytes, initial_buf: Buffer, handshake_buf: Buffer) -> None:
        """Answer the ClientHello."""
        self.identity.clear_buffers()
        hello = parse_client_hello(message)
        hello.check_version()
        cipher_suite = self.chosen_cipher_suite(hello)
        self.protocol = self.chosen_protocol(hello)
        self.alpn_negotiated = self.protocol.decode()
        self.client_random = hello.random
        self.legacy_session_id = hello.session_id
        self.received_extensions = list(hello.extensions.items())
        self.takes_tickets = hello.takes_tickets
        audience = self.audience_of(hello)
        assert self.alpn_cb is not None
        self.alpn_cb(self.alpn_negotiated)  # which may choose another version
        self.audience = self.audience_of(hello)

        self._session_resumed = self.resume(hello, message, cipher_suite, audience)
        if not self._session_resumed:
            self.schedule = KeySchedule(cipher_suite)
            self.schedule.update(message)
        # Nothing else of it is asked than the cipher suite, which ours has, too.
        self.key_schedule = self.schedule  # type: ignore[assignment]

        group, public_key, shared_key = answer_key_share(hello.key_shares())
        initial_buf.push_bytes(self.sent(self.server_hello(group, public_key)))
        self.schedule.extract(shared_key)
        server_secret = self.schedule.derive(b"s hs traffic")
        client_secret = self.schedule.derive(b"c hs traffic")
        self.update_traffic_key_cb(Direction.ENCRYPT, _HANDSHAKE, cipher_suite, server_secret)
        self.update_traffic_key_cb(Direction.DECRYPT, _HANDSHAKE, cipher_suite, client_secret)

        handshake_buf.push_bytes(self.sent(self.encrypted_extensions()))
        if not self._session_resumed:
            for proof in self.certificate_and_proof(hello):
                handshake_buf.push_bytes(proof)
        verify_data = self.schedule.verify_data(server_secret)
        handshake_buf.push_bytes(self.sent(encode_message(HandshakeType.FINISHED, verify_data)))

        self.client_finished = self.schedule.verify_data(client_secret)
        self.schedule.extract()
        self.update_traffic_key_cb(
            Direction.ENCRYPT, _ONE_RTT, cipher_suite, self.schedule.derive(b"s ap traffic")
        )
        self.client_secret = self.schedule.derive(b"c ap traffic")
        self.state = State.SERVER_EXPECT_FINISHED

    def chosen_protocol(self, hello: ClientHello) -> bytes:
        for each in self.identity.protocols:
            if each in hello.protocols():
                return each
        raise AlertNoApplicationProtocol("No common ALPN protocols")

    def audience_of(self, hello: ClientHello) -> bytes:
        """What a session's two connections agree in."""
        # RFC 9369 §5: "Servers MUST validate the originating version of any session ticket or token
        # and not accept one issued from a different version."
        return self.version + encode_vector(self.protocol, 1) + hello.server_name

    def chosen_cipher_suite(self, hello: ClientHello) -> CipherSuite:
        for each in self.identity.cipher_suites:
            if each in hello.cipher_suites:
                return each
        raise AlertHandshakeFailure("No supported cipher suite")

    def resume(
        self, hello: ClientHello, message: bytes, cipher_suite: CipherSuite, audience: bytes
    ) -> bool:
        """Begin the key schedule with the session that is offered, if it can be resumed.

        RFC 8446 §4.2.11 asks for the same protocol with early data only.
        """
        offered, tickets = hello.session, self.identity.tickets
        if offered is None or tickets is None or not hello.takes_tickets:
            return False
        ticket = tickets.open(offered.ticket, audience)
        # RFC 8446 §4.2.11 asks for the same hash only, but clients on aioquic for the same suite.
        if ticket is None or ticket.session.cipher_suite != cipher_suite:
            return False
        self.schedule = KeySchedule(cipher_suite, ticket.session.secret)
        binder_key = self.schedule.derive(b"res binder")
        self.schedule.update(message[: offered.bound])
        # RFC 8446 §4.2.11: "Prior to accepting PSK key establishment, the server MUST validate the
        # corresponding binder value".
        if not hmac.compare_digest(self.schedule.verify_data(binder_key), offered.binder):
            raise AlertDecryptError("PSK validation failed")
        self.schedule.update(message[offered.bound :])
        gate = self.identity.early_data
        # Early data is protected with the keys of the version that the client began with.
        if gate is not None and hello.has_early_data and audience == self.audience:
            self.early_data_accepted = gate.admits(ticket, offered.obfuscated_age)
        if self.early_data_accepted:
            secret = self.schedule.derive(b"c e traffic")
            self.update_traffic_key_cb(Direction.DECRYPT, Epoch.ZERO_RTT, cipher_suite, secret)
        return True

    def sent(self, message: bytes) -> bytes:
        """Count a message of ours in, and give it back."""
        self.schedule.update(message)
        return message

    # Its messages

    def server_hello(self, group: int, public_key: bytes) -> bytes:
        extensions = _extension(ExtensionType.SUPPORTED_VERSIONS, _TLS_1_3) + _extension(
            ExtensionType.KEY_SHARE, group.to_bytes(2, "big") + encode_vector(public_key, 2)
        )
        if self._session_resumed:
            extensions += _extension(ExtensionType.PRE_SHARED_KEY, b"\0\0")  # the first one
        return encode_message(
            HandshakeType.SERVER_HELLO,
            _TLS_1_2
            + os.urandom(32)
            + b"\0"  # no session id: the client sent none (RFC 9001 §8.4)
            + self.schedule.cipher_suite.to_bytes(2, "big")
            + b"\0"  # no compression
            + encode_vector(extensions, 2),
        )

    def encrypted_extensions(self) -> bytes:
        protocol = encode_vector(encode_vector(self.protocol, 1), 2)
        extensions = _extension(ExtensionType.ALPN, protocol)
        for kind, data in self.handshake_extensions:
            extensions += _extension(kind, data)
        if self.early_data_accepted:
            extensions += _extension(ExtensionType.EARLY_DATA, b"")
        return encode_message(HandshakeType.ENCRYPTED_EXTENSIONS, encode_vector(extensions, 2))

    def certificate_and_proof(self, hello: ClientHello) -> Iterator[bytes]:
        """Certificate, and CertificateVerify behind it."""
        offered = hello.signature_algorithms
        for algorithm, sign in self.identity.signers.items():
            if algorithm in offered:
                yield self.sent(self.identity.certificate_message)
                signature = sign(_SIGNED_CONTENT + self.schedule.transcript())
                body = algorithm.to_bytes(2, "big") + encode_vector(signature, 2)
                yield self.sent(encode_message(HandshakeType.CERTIFICATE_VERIFY, body))
                return
        raise AlertHandshakeFailure("No supported signature algorithm")

    # The client's Finished, and the ticket

    def finished_received(self, message: bytes, output_buf: Buffer) -> None:
        """Take the handshake for complete, if the client's Finished shows that it is."""
        if not hmac.compare_digest(message[4:], self.client_finished):
            raise AlertDecryptError("Finished does not match")
        self.schedule.update(message)
        cipher_suite = self.schedule.cipher_suite
        self.update_traffic_key_cb(Direction.DECRYPT, _ONE_RTT, cipher_suite, self.client_secret)
        if self.takes_tickets and self.identity.tickets is not None:
            output_buf.push_bytes(self.new_session_ticket())
        self.state = State.SERVER_POST_HANDSHAKE

    def new_session_ticket(self) -> bytes:
        """One ticket; it invites early data only where that is taken."""
        tickets, age_add = self.identity.tickets, os.urandom(4)
        assert tickets is not None
        invites = self.identity.early_data is not None
        session = Session(
            self.schedule.cipher_suite,
            self.schedule.psk(_NONCE),
            self.audience,
            int.from_bytes(age_add, "big"),
            invites,
        )
        extensions = _extension(ExtensionType.EARLY_DATA, _ANY_SIZE) if invites else b""
        return encode_message(
            HandshakeType.NEW_SESSION_TICKET,
            struct.pack("!L", int(tickets.lifetime))
            + age_add
            + encode_vector(_NONCE, 1)
            + encode_vector(tickets.seal(session), 2)
            + encode_vector(extensions, 2),
        )


def _size_of(message: bytes) -> int:
    """Of a message whose head is there (RFC 8446 §4)."""
    return 4 + int.from_bytes(message[1:4], "big")


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + encode_vector(data, 2)
