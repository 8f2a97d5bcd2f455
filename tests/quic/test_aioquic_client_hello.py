"""The ClientHello: what is read, what is refused and with which alert."""

from __future__ import annotations

import pytest
from aioquic.tls import (
    Alert,
    AlertDecodeError,
    AlertIllegalParameter,
    AlertMissingExtension,
    AlertProtocolVersion,
    CipherSuite,
    ExtensionType,
    Group,
    OfferedPsks,
    SignatureAlgorithm,
    push_client_hello,
)
from aioquic.tls import ClientHello as TheirClientHello
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.aioquic.client_hello import parse_client_hello
from h3producer.quic.aioquic.internals import Buffer

RANDOM = bytes(range(32))


def encoded(**changes: object) -> bytes:
    """A hello as aioquic writes it."""
    hello = TheirClientHello(
        random=RANDOM,
        legacy_session_id=b"",
        cipher_suites=[CipherSuite.AES_256_GCM_SHA384, 0x4A4A],
        legacy_compression_methods=[0],
        alpn_protocols=["h3", "hq-interop"],
        key_share=[(Group.X25519, b"k" * 32)],
        psk_key_exchange_modes=[1],
        server_name="example.org",
        signature_algorithms=[SignatureAlgorithm.ED25519],
        supported_groups=[Group.X25519],
        supported_versions=[0x0304],
        other_extensions=[(ExtensionType.QUIC_TRANSPORT_PARAMETERS, b"parameters")],
    )
    vars(hello).update(changes)
    buffer = Buffer(capacity=4096)
    push_client_hello(buffer, hello)
    return buffer.data


def by_hand(*extensions: tuple[int, bytes], compression: bytes = b"\0") -> bytes:
    """A hello with exactly these extensions."""
    block = b"".join(
        kind.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data for kind, data in extensions
    )
    body = b"\x03\x03" + RANDOM + b"\0" + b"\0\x02\x13\x01"
    body += bytes((len(compression),)) + compression + len(block).to_bytes(2, "big") + block
    return b"\x01" + len(body).to_bytes(3, "big") + body


# What is read


def test_what_a_client_offers_is_read() -> None:
    hello = parse_client_hello(encoded())
    hello.check_version()
    assert (hello.random, hello.session_id) == (RANDOM, b"")
    assert hello.cipher_suites == [CipherSuite.AES_256_GCM_SHA384, 0x4A4A]
    assert list(hello.protocols()) == [b"h3", b"hq-interop"]
    assert list(hello.key_shares()) == [(Group.X25519, b"k" * 32)]
    assert hello.signature_algorithms == [SignatureAlgorithm.ED25519]
    assert hello.server_name == b"\0\x0e\0\0\x0bexample.org"
    assert hello.takes_tickets
    assert hello.session is None
    assert hello.extensions[ExtensionType.QUIC_TRANSPORT_PARAMETERS] == b"parameters"


def test_a_session_is_read_with_the_bytes_that_its_binder_is_for() -> None:
    message = encoded(pre_shared_key=OfferedPsks([(b"ticket", 7)], [b"b" * 32]))
    session = parse_client_hello(message).session
    assert session is not None
    assert (session.ticket, session.obfuscated_age, session.binder) == (b"ticket", 7, b"b" * 32)
    assert message[session.bound :] == b"\0\x21\x20" + b"b" * 32


def test_of_several_sessions_the_first_is_read() -> None:
    offered = OfferedPsks([(b"one", 7), (b"two", 8)], [b"1" * 32, b"2" * 48])
    message = encoded(pre_shared_key=offered)
    session = parse_client_hello(message).session
    assert session is not None
    assert (session.ticket, session.binder) == (b"one", b"1" * 32)
    assert len(message) - session.bound == 2 + 33 + 49


@pytest.mark.parametrize("early_data", [True, False])
def test_a_client_says_that_it_sends_early_data(early_data: bool) -> None:
    offered = OfferedPsks([(b"ticket", 7)], [b"b" * 32])
    message = encoded(early_data=early_data, pre_shared_key=offered)
    assert parse_client_hello(message).has_early_data is early_data


@pytest.mark.parametrize(("modes", "takes"), [([0], False), ([0, 1], True), (None, False)])
def test_tickets_are_for_who_resumes_with_a_fresh_key_exchange(
    modes: list[int] | None, takes: bool
) -> None:
    assert parse_client_hello(encoded(psk_key_exchange_modes=modes)).takes_tickets is takes


def test_a_hello_without_names_and_protocols_is_read() -> None:
    hello = parse_client_hello(by_hand())
    assert hello.server_name == b""
    assert list(hello.protocols()) == []


# What is refused


@pytest.mark.parametrize("versions", [None, [0x0303]])
def test_an_older_version_is_refused(versions: list[int] | None) -> None:
    hello = parse_client_hello(
        by_hand()
        if versions is None
        else by_hand((ExtensionType.SUPPORTED_VERSIONS, b"\x02\x03\x03"))
    )
    with pytest.raises(AlertProtocolVersion):
        hello.check_version()


@pytest.mark.parametrize("compression", [b"", b"\x01", b"\0\x01"])
def test_compression_is_refused(compression: bytes) -> None:
    with pytest.raises(AlertIllegalParameter, match="compression"):
        parse_client_hello(by_hand(compression=compression))


def test_an_extension_that_comes_twice_is_refused() -> None:
    with pytest.raises(AlertIllegalParameter, match="twice"):
        parse_client_hello(by_hand((0x4A4A, b""), (0x4A4A, b"")))


def test_an_extension_behind_the_sessions_is_refused() -> None:
    with pytest.raises(AlertIllegalParameter, match="not the last"):
        parse_client_hello(by_hand((ExtensionType.PRE_SHARED_KEY, b""), (0x4A4A, b"")))


def test_a_session_without_the_modes_of_resuming_is_refused() -> None:
    hello = parse_client_hello(
        encoded(
            psk_key_exchange_modes=None,
            pre_shared_key=OfferedPsks([(b"ticket", 7)], [b"b" * 32]),
        )
    )
    with pytest.raises(AlertMissingExtension, match="psk_key_exchange_modes"):
        assert hello.session


def test_what_a_full_handshake_needs_is_asked_for() -> None:
    hello = parse_client_hello(by_hand())
    with pytest.raises(AlertMissingExtension, match="signature_algorithms"):
        assert hello.signature_algorithms
    with pytest.raises(AlertMissingExtension, match="key_share"):
        list(hello.key_shares())


def test_another_legacy_version_is_refused() -> None:
    message = bytearray(encoded())
    message[5] = 2
    with pytest.raises(AlertDecodeError):
        parse_client_hello(bytes(message))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ExtensionType.SUPPORTED_VERSIONS, b"\x03\x03\x04\x03"),  # half a version
        (ExtensionType.SUPPORTED_VERSIONS, b"\x04\x03\x04"),  # longer than the extension
        (ExtensionType.SUPPORTED_VERSIONS, b"\x02\x03\x04\x03"),  # shorter
        (ExtensionType.SUPPORTED_VERSIONS, b""),
    ],
)
def test_a_list_that_does_not_fill_its_extension_is_refused(
    kind: ExtensionType, data: bytes
) -> None:
    with pytest.raises((AlertDecodeError, AlertProtocolVersion)):
        parse_client_hello(by_hand((kind, data))).check_version()


def test_no_beginning_of_a_hello_is_a_hello() -> None:
    message = encoded()
    for end in range(len(message)):
        with pytest.raises(Alert):
            parse_client_hello(message[:end])


@given(st.data())
def test_whatever_a_client_sends_the_answer_is_an_alert(data: st.DataObject) -> None:
    message = bytearray(encoded(pre_shared_key=OfferedPsks([(b"ticket", 7)], [b"b" * 32])))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(4, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        hello = parse_client_hello(bytes(message))
        hello.check_version()
        assert hello.takes_tickets in (True, False)
        assert hello.session is None or hello.session.bound <= len(message)
        assert list(hello.protocols()) is not None
        assert list(hello.key_shares()) is not None
        assert hello.signature_algorithms is not None
    except Alert:
        pass
