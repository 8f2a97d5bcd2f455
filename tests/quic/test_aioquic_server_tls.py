"""Our side of a TLS handshake with aioquic's client: full ones, resumed ones, and refused ones."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from aioquic.tls import (
    Alert,
    AlertDecryptError,
    AlertHandshakeFailure,
    AlertNoApplicationProtocol,
    CipherSuite,
    Context,
    Direction,
    Epoch,
    ExtensionType,
    Group,
    SessionTicket,
    SignatureAlgorithm,
    State,
)
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from h3producer.quic.aioquic.internals import Buffer
from h3producer.quic.aioquic.server_identity import ServerIdentity
from h3producer.quic.aioquic.server_tls import ServerTls
from h3producer.quic.keys.early_data import EarlyDataGate
from h3producer.quic.keys.session_tickets import SessionTickets
from tests.pair import make_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

SUITES = list(CipherSuite)[:3]
PARAMETERS: list[tuple[int, bytes]] = [(ExtensionType.QUIC_TRANSPORT_PARAMETERS, b"of the server")]


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ends:
    """A client and a server of TLS, and the buffers between them."""

    def __init__(self, server: ServerIdentity, ticket: SessionTicket | None = None) -> None:
        self.identity = server
        self.server = ServerTls(server)
        self.server.handshake_extensions = PARAMETERS
        self.server.alpn_cb = lambda protocol: None
        self.client = Context(
            is_client=True,
            alpn_protocols=["h3"],
            server_name="localhost" if ticket is None else ticket.server_name,
            verify_mode=ssl.CERT_NONE,
        )
        self.client.session_ticket = ticket
        self.client.handshake_extensions = [
            (ExtensionType.QUIC_TRANSPORT_PARAMETERS, b"of the client")
        ]
        self.tickets: list[SessionTicket] = []
        self.client.new_session_ticket_cb = self.tickets.append
        self.secrets: dict[str, list[tuple[Epoch, bytes]]] = {"client": [], "server": []}
        self.client.update_traffic_key_cb = self._remember("client", Direction.ENCRYPT)
        self.server.update_traffic_key_cb = self._remember("server", Direction.DECRYPT)
        self.buffers = {epoch: Buffer(capacity=16384) for epoch in Epoch}

    def _remember(
        self, whose: str, wanted: Direction
    ) -> Callable[[Direction, Epoch, CipherSuite, bytes], None]:
        def remember(
            direction: Direction, epoch: Epoch, cipher_suite: CipherSuite, secret: bytes
        ) -> None:
            if direction is wanted:
                self.secrets[whose].append((epoch, secret))

        return remember

    def hello(self) -> bytes:
        """The client's first message."""
        self.client.handle_message(b"", self.buffers)
        return self._taken(self.buffers[Epoch.INITIAL])

    def answer(self, hello: bytes) -> None:
        """Have the server answer, and the client read that."""
        self.server.handle_message(hello, self.identity.buffers)
        for epoch in (Epoch.INITIAL, Epoch.HANDSHAKE):
            self.client.handle_message(self._taken(self.identity.buffers[epoch]), self.buffers)

    def finish(self, change: Callable[[bytes], bytes] = lambda message: message) -> None:
        """Have the server read the client's Finished, and the client a ticket if there is one."""
        self.server.handle_message(
            change(self._taken(self.buffers[Epoch.HANDSHAKE])), self.identity.buffers
        )
        ticket = self._taken(self.identity.buffers[Epoch.ONE_RTT])
        self.client.handle_message(ticket, self.buffers)

    def run(self) -> Ends:
        self.answer(self.hello())
        self.finish()
        return self

    @staticmethod
    def _taken(buffer: Buffer) -> bytes:
        data: bytes = buffer.data
        buffer.seek(0)
        return data


def identity(
    *,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    suites: list[CipherSuite] | None = None,
    tickets: SessionTickets | None = None,
    protocols: Sequence[bytes] = (b"h3",),
) -> ServerIdentity:
    return ServerIdentity(make_credentials(key), suites or SUITES, protocols, tickets)


def with_tickets(clock: Clock | None = None, **settings: object) -> ServerIdentity:
    return identity(tickets=SessionTickets(100.0, clock or Clock()), **settings)  # type: ignore[arg-type]


# Full handshakes


@pytest.mark.parametrize("suite", SUITES)
def test_both_ends_have_the_same_secrets(suite: CipherSuite) -> None:
    ends = Ends(identity(suites=[suite])).run()
    assert ends.client.state is State.CLIENT_POST_HANDSHAKE
    assert ends.server.state is State.SERVER_POST_HANDSHAKE
    assert ends.secrets["client"] == ends.secrets["server"]
    assert [epoch for epoch, _ in ends.secrets["server"]] == [Epoch.HANDSHAKE, Epoch.ONE_RTT]


@pytest.mark.parametrize(
    "make_key",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate,
        ed448.Ed448PrivateKey.generate,
    ],
    ids=["P-256", "P-384", "RSA", "Ed25519", "Ed448"],
)
def test_every_kind_of_key_can_prove_who_we_are(
    make_key: Callable[[], CertificateIssuerPrivateKeyTypes],
) -> None:
    ends = Ends(identity(key=make_key())).run()
    assert ends.client.state is State.CLIENT_POST_HANDSHAKE
    assert ends.secrets["client"] == ends.secrets["server"]


@pytest.mark.parametrize("group", [Group.SECP256R1, Group.SECP384R1, Group.X25519, Group.X448])
def test_every_group_can_make_a_secret(group: Group) -> None:
    ends = Ends(identity())
    ends.client._supported_groups = [group]
    ends.run()
    assert ends.secrets["client"] == ends.secrets["server"]


def test_the_client_hears_our_protocol_and_parameters() -> None:
    ends = Ends(identity()).run()
    assert ends.client.alpn_negotiated == "h3"
    assert ends.client.received_extensions == PARAMETERS
    assert ends.server.received_extensions is not None
    assert PARAMETERS[0][0] in dict(ends.server.received_extensions)


def test_the_chain_comes_behind_the_certificate() -> None:
    leaf, other = make_credentials(), make_credentials(ed25519.Ed25519PrivateKey.generate())

    class WithChain:
        certificate, chain, private_key = leaf.certificate, [other.certificate], leaf.private_key

    ends = Ends(ServerIdentity(WithChain(), SUITES, [b"h3"], None)).run()
    assert ends.client._peer_certificate == leaf.certificate
    assert ends.client._peer_certificate_chain == [other.certificate]


# Refused handshakes


def refusal(ends: Ends) -> Alert:
    with pytest.raises(Alert) as caught:
        ends.answer(ends.hello())
    return caught.value


def test_a_client_without_our_protocol_is_refused() -> None:
    assert isinstance(refusal(Ends(identity(protocols=[b"h9"]))), AlertNoApplicationProtocol)


@pytest.mark.parametrize("offered", [["h3", "hq-interop"], ["hq-interop", "h3"]])
def test_of_several_protocols_ours_decides(offered: list[str]) -> None:
    ends = Ends(identity(protocols=[b"hq-interop", b"h3"]))
    ends.client._alpn_protocols = offered
    assert ends.run().client.alpn_negotiated == "hq-interop"


def test_a_protocol_that_is_not_our_best_is_spoken_if_it_is_the_only_one() -> None:
    ends = Ends(identity(protocols=[b"hq-interop", b"h3"])).run()
    assert ends.client.alpn_negotiated == ends.server.alpn_negotiated == "h3"


def test_a_client_without_our_cipher_suites_is_refused() -> None:
    ends = Ends(identity(suites=[SUITES[0]]))
    ends.client._cipher_suites = [SUITES[1]]
    assert isinstance(refusal(ends), AlertHandshakeFailure)


def test_a_client_that_cannot_check_our_signature_is_refused() -> None:
    ends = Ends(identity())
    ends.client._signature_algorithms = [SignatureAlgorithm.ED25519]
    assert isinstance(refusal(ends), AlertHandshakeFailure)


def test_a_client_without_a_group_of_ours_is_refused() -> None:
    ends = Ends(identity())
    ends.client._supported_groups = [Group.X25519]
    hello = ends.hello().replace(b"\0\x1d\0\x20", b"\x4a\x4a\0\x20")
    with pytest.raises(AlertHandshakeFailure, match="key share"):
        ends.answer(hello)


def test_a_client_with_a_wrong_finished_is_refused() -> None:
    ends = Ends(with_tickets())
    ends.answer(ends.hello())
    with pytest.raises(AlertDecryptError):
        ends.finish(lambda message: message[:-1] + bytes((message[-1] ^ 1,)))
    assert [epoch for epoch, _ in ends.secrets["server"]] == [Epoch.HANDSHAKE]
    assert ends.tickets == []


def test_what_a_broken_handshake_left_is_not_sent_to_the_next_client() -> None:
    """It fails behind the ServerHello, which is in the buffer then."""
    ends = Ends(identity())
    ends.client._signature_algorithms = [SignatureAlgorithm.ED25519]
    refusal(ends)
    assert ends.identity.buffers[Epoch.INITIAL].tell() > 0
    after = Ends(ends.identity).run()
    assert after.client.state is State.CLIENT_POST_HANDSHAKE


# Tickets


def test_a_client_gets_one_ticket_that_invites_no_early_data() -> None:
    ends = Ends(with_tickets()).run()
    (ticket,) = ends.tickets
    assert ticket.max_early_data_size is None
    assert (ticket.not_valid_after - ticket.not_valid_before).total_seconds() == 100


def test_without_a_lifetime_there_are_no_tickets() -> None:
    assert Ends(identity()).run().tickets == []


def test_a_client_that_does_not_resume_gets_no_ticket() -> None:
    ends = Ends(with_tickets())
    ends.client._psk_key_exchange_modes = [0]
    assert ends.run().tickets == []


@pytest.mark.parametrize("suite", SUITES)
def test_a_session_is_resumed_without_a_certificate(suite: CipherSuite) -> None:
    server = with_tickets(suites=[suite])
    (ticket,) = Ends(server).run().tickets
    again = Ends(server, ticket).run()
    assert again.client.session_resumed
    assert again.server.session_resumed
    assert again.secrets["client"] == again.secrets["server"]
    assert again.client._peer_certificate is None


def test_a_resumed_session_has_a_ticket_of_its_own() -> None:
    server = with_tickets()
    (first,) = Ends(server).run().tickets
    (second,) = Ends(server, first).run().tickets
    assert second.ticket != first.ticket
    assert Ends(server, second).run().server.session_resumed


def test_a_session_of_another_cipher_suite_is_not_resumed_and_costs_nothing_else() -> None:
    server = with_tickets(suites=[CipherSuite.AES_128_GCM_SHA256])
    (ticket,) = Ends(server).run().tickets
    server.cipher_suites = [CipherSuite.AES_256_GCM_SHA384]
    hello = Ends(server, ticket).hello()
    fresh = ServerTls(server)
    fresh.alpn_cb = lambda protocol: None
    fresh.update_traffic_key_cb = lambda *_: None
    fresh.handshake_extensions = PARAMETERS
    fresh.handle_message(hello, server.buffers)
    assert not fresh.session_resumed
    assert fresh.state is State.SERVER_EXPECT_FINISHED


@pytest.mark.parametrize(
    "reason", ["old", "foreign", "renamed", "of another protocol", "switched off"]
)
def test_a_ticket_that_does_not_hold_costs_a_full_handshake(reason: str) -> None:
    clock = Clock()
    server = with_tickets(clock)
    (ticket,) = Ends(server).run().tickets
    if reason == "old":
        clock.now += 101
    elif reason == "foreign":
        server = with_tickets()
    elif reason == "renamed":
        ticket.server_name = "elsewhere"
    elif reason == "of another protocol":
        server.protocols = [b"h4"]
    else:
        server.tickets = None
    again = Ends(server, ticket)
    again.client._alpn_protocols = ["h3", "h4"]
    again.run()
    assert not again.client.session_resumed
    assert again.client._peer_certificate is not None
    assert again.secrets["client"] == again.secrets["server"]


def test_whoever_does_not_have_the_secret_of_the_ticket_is_refused() -> None:
    server = with_tickets()
    (ticket,) = Ends(server).run().tickets
    ticket.resumption_secret = bytes(len(ticket.resumption_secret))
    assert isinstance(refusal(Ends(server, ticket)), AlertDecryptError)


# Early data


def with_early_data(clock: Clock | None = None) -> ServerIdentity:
    tickets = SessionTickets(100.0, clock or Clock())
    return ServerIdentity(make_credentials(), SUITES, [b"h3"], tickets, EarlyDataGate())


def test_early_data_is_not_accepted_even_if_a_client_sends_some() -> None:
    """It could be replayed by whoever saw it (RFC 8446 §8)."""
    server = with_tickets()
    (ticket,) = Ends(server).run().tickets
    ticket.max_early_data_size = 0xFFFFFFFF
    again = Ends(server, ticket).run()
    assert again.server.session_resumed
    assert not again.client.early_data_accepted
    assert Epoch.ZERO_RTT not in dict(again.secrets["server"])


def test_where_early_data_is_taken_a_ticket_invites_it() -> None:
    (ticket,) = Ends(with_early_data()).run().tickets
    assert ticket.max_early_data_size == 0xFFFFFFFF  # RFC 9001 §4.6.1 allows no other number


def test_both_ends_have_the_same_keys_for_early_data() -> None:
    server = with_early_data()
    (ticket,) = Ends(server).run().tickets
    again = Ends(server, ticket).run()
    assert again.client.early_data_accepted
    assert again.secrets["client"] == again.secrets["server"]
    epochs = [epoch for epoch, _ in again.secrets["server"]]
    assert epochs == [Epoch.ZERO_RTT, Epoch.HANDSHAKE, Epoch.ONE_RTT]


def test_a_ticket_opens_early_data_once_and_resumes_all_the_same() -> None:
    server = with_early_data()
    (ticket,) = Ends(server).run().tickets
    Ends(server, ticket).run()
    again = Ends(server, ticket).run()
    assert again.server.session_resumed
    assert not again.client.early_data_accepted
    assert Epoch.ZERO_RTT not in dict(again.secrets["server"])


def test_a_client_that_sends_no_early_data_has_not_used_its_ticket_up() -> None:
    server = with_early_data()
    (ticket,) = Ends(server).run().tickets
    ticket.max_early_data_size = None
    assert not Ends(server, ticket).run().client.early_data_accepted
    ticket.max_early_data_size = 0xFFFFFFFF
    assert Ends(server, ticket).run().client.early_data_accepted


def test_a_ticket_from_before_early_data_was_taken_opens_none() -> None:
    server = with_tickets()
    (ticket,) = Ends(server).run().tickets
    server.early_data = EarlyDataGate()
    ticket.max_early_data_size = 0xFFFFFFFF
    again = Ends(server, ticket).run()
    assert again.server.session_resumed
    assert not again.client.early_data_accepted


def test_a_hello_that_was_held_back_opens_nothing() -> None:
    """Whoever kept it until the ticket was forgotten to be used comes too late (RFC 8446 §8.3)."""
    clock = Clock()
    server = with_early_data(clock)
    (ticket,) = Ends(server).run().tickets
    late = Ends(server, ticket)
    hello = late.hello()
    clock.now += 11
    late.answer(hello)
    assert late.server.session_resumed
    assert not late.client.early_data_accepted


@pytest.mark.parametrize("reason", ["old", "foreign", "renamed"])
def test_early_data_under_a_ticket_that_does_not_hold_costs_a_full_handshake(reason: str) -> None:
    clock = Clock()
    server = with_early_data(clock)
    (ticket,) = Ends(server).run().tickets
    if reason == "old":
        clock.now += 101
    elif reason == "foreign":
        server = with_early_data()
    else:
        ticket.server_name = "elsewhere"
    again = Ends(server, ticket).run()
    assert not again.client.session_resumed
    assert not again.client.early_data_accepted
    assert again.client.state is State.CLIENT_POST_HANDSHAKE
