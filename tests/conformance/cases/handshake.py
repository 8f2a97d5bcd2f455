"""What a client says in its handshake: rows 338, 339, 356 and 364 to 378."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.tls import Epoch

from tests.conformance.case import MUST, SHOULD, Level, check, target_case
from tests.conformance.octets import varint
from tests.conformance.quic_frames import Parameter, Parameters, crypto
from tests.conformance.reactions import ignored, transport_close
from tests.conformance.rogue import Lies, rogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.observed import Observed
    from tests.conformance.reactions import Reaction
    from tests.conformance.target import Target

CRYPTO_ERROR = 0x100
"""TLS alerts are errors of the transport from here on (RFC 9001 §4.8)."""

NO_APPLICATION_PROTOCOL = transport_close(CRYPTO_ERROR + 120)
MISSING_EXTENSION = transport_close(CRYPTO_ERROR + 109)
UNEXPECTED_MESSAGE = transport_close(CRYPTO_ERROR + 10)
PARAMETER_ERROR = transport_close(0x8)
VIOLATION = transport_close(0xA)

CLIENT_HELLO, END_OF_EARLY_DATA, KEY_UPDATE = 1, 5, 24
"""Types of TLS messages (RFC 8446 §4)."""

DRAFT_EXTENSION = 0xFFA5
"""The code point of quic_transport_parameters before RFC 9001."""


def message(kind: int, body: bytes = b"") -> bytes:
    """A CRYPTO frame with a TLS message."""
    return crypto(bytes((kind,)) + len(body).to_bytes(3, "big") + body)


def lying_case(
    id: str,
    section: str,
    words: str,
    lies: Lies,
    *allowed: Reaction,
    level: Level = MUST,
    h3spec: str = "",
) -> None:
    """A handshake with a lie in it."""

    @target_case(id, f"RFC {section}", level, words, *allowed, h3spec=h3spec)
    async def run(target: Target) -> Observed:
        async with rogue(target, lies) as client:
            return await client.observe()


# ALPN


@target_case("338", "RFC 9001 §8.1", MUST, "no ALPN at all", NO_APPLICATION_PROTOCOL)
async def no_alpn(target: Target) -> Observed:
    async with rogue(target, Lies(alpn=None)) as client:
        return await client.observe()


lying_case(
    "338a",
    "9001 §8.1",
    "no protocol in common",
    Lies(alpn=("h9", "http/0.9")),
    NO_APPLICATION_PROTOCOL,
    h3spec="MUST send no_application_protocol TLS alert if no application protocols are supported "
    "[TLS 8.1]",
)


@target_case("339", "RFC 9114 §3.2", MUST, "h3 is chosen among others", ignored())
async def others_beside_h3(target: Target) -> Observed:
    async with rogue(target, Lies(alpn=("hq-interop", "h3-29", "h3", "h9"))) as client:
        chosen = client.quic.tls.alpn_negotiated
        check(chosen == "h3", f"{chosen} was chosen")
        return await client.observe()


# Transport parameters


def instead(identifier: int, value: bytes) -> Callable[[Parameters], Parameters]:
    """This value, whatever the parameter was before."""
    return lambda truth: [
        *(each for each in truth if each[0] != identifier),
        (identifier, value),
    ]


def without(identifier: int) -> Callable[[Parameters], Parameters]:
    """All other parameters."""
    return lambda truth: [each for each in truth if each[0] != identifier]


def twice(identifier: int) -> Callable[[Parameters], Parameters]:
    """The parameter again, at the end."""
    return lambda truth: truth + [each for each in truth if each[0] == identifier]


def parameter_case(
    id: str,
    section: str,
    words: str,
    parameters: Callable[[Parameters], Parameters],
    *allowed: Reaction,
    level: Level = MUST,
    h3spec: str = "",
) -> None:
    """A handshake with odd transport parameters."""
    lying_case(
        id,
        f"9000 {section}",
        words,
        Lies(parameters=parameters),
        *(allowed or (PARAMETER_ERROR,)),
        level=level,
        h3spec=h3spec,
    )


AN_ADDRESS = bytes(4 + 2 + 16 + 2) + b"\x08" + bytes(8) + bytes(16)
"""The value of preferred_address (RFC 9000 §18.2)."""

parameter_case(
    "364",
    "§7.3",
    "initial_source_connection_id missing",
    without(Parameter.INITIAL_SOURCE_CONNECTION_ID),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if initial_source_connection_id is missing "
    "[Transport 7.3]",
)
parameter_case(
    "365",
    "§7.3",
    "initial_source_connection_id wrong",
    instead(Parameter.INITIAL_SOURCE_CONNECTION_ID, b"somebody"),
)
parameter_case(
    "366",
    "§18.2",
    "retry_source_connection_id from a client",
    instead(Parameter.RETRY_SOURCE_CONNECTION_ID, b"somebody"),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if retry_source_connection_id is received "
    "[Transport 18.2]",
)
parameter_case(
    "366a",
    "§18.2",
    "original_destination_connection_id from a client",
    instead(Parameter.ORIGINAL_DESTINATION_CONNECTION_ID, b"somebody"),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if original_destination_connection_id is received "
    "[Transport 18.2]",
)
parameter_case(
    "366b",
    "§18.2",
    "preferred_address from a client",
    instead(Parameter.PREFERRED_ADDRESS, AN_ADDRESS),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if preferred_address, is received [Transport 18.2]",
)
parameter_case(
    "367",
    "§18.2",
    "stateless_reset_token from a client",
    instead(Parameter.STATELESS_RESET_TOKEN, bytes(16)),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if stateless_reset_token is received "
    "[Transport 18.2]",
)
parameter_case(
    "368",
    "§7.4, §18.2",
    "max_udp_payload_size 1090",
    instead(Parameter.MAX_UDP_PAYLOAD_SIZE, varint(1090)),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if max_udp_payload_size < 1200 "
    "[Transport 7.4 and 18.2]",
)
parameter_case(
    "369",
    "§7.4, §18.2",
    "ack_delay_exponent 30",
    instead(Parameter.ACK_DELAY_EXPONENT, varint(30)),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if ack_delay_exponen > 20 [Transport 7.4 and 18.2]",
)
parameter_case(
    "369a",
    "§7.4, §18.2",
    "max_ack_delay 2^14",
    instead(Parameter.MAX_ACK_DELAY, varint(1 << 14)),
    h3spec="MUST send TRANSPORT_PARAMETER_ERROR if max_ack_delay >= 2^14 [Transport 7.4 and 18.2]",
)
parameter_case(
    "370",
    "§18.2",
    "active_connection_id_limit 1",
    instead(Parameter.ACTIVE_CONNECTION_ID_LIMIT, varint(1)),
)
parameter_case(
    "371",
    "§4.6, §18.2",
    "initial_max_streams_bidi above 2^60",
    instead(Parameter.INITIAL_MAX_STREAMS_BIDI, varint((1 << 60) + 1)),
)
parameter_case(
    "371a",
    "§4.6, §18.2",
    "initial_max_streams_uni above 2^60",
    instead(Parameter.INITIAL_MAX_STREAMS_UNI, varint((1 << 60) + 1)),
)
parameter_case(
    "371b",
    "§18.2",
    "disable_active_migration with a value",
    instead(Parameter.DISABLE_ACTIVE_MIGRATION, b"\0"),
)
parameter_case(
    "371c",
    "§7.4",
    "max_idle_timeout with an octet too many",
    instead(Parameter.MAX_IDLE_TIMEOUT, varint(30_000) + b"\0"),
)
parameter_case(
    "372",
    "§7.4",
    "a transport parameter given twice",
    twice(Parameter.MAX_IDLE_TIMEOUT),
    level=SHOULD,
)
parameter_case(
    "373",
    "§18.1",
    "unknown and reserved transport parameters",
    lambda truth: [(27 + 31 * 1000, b"grease"), *truth, (0x7A7A, b"")],
    ignored(),
)


@target_case("373a", "RFC 9000 §10.1", MUST, "max_idle_timeout 0 means none", ignored())
async def no_idle_timeout(target: Target) -> Observed:
    lies = Lies(parameters=instead(Parameter.MAX_IDLE_TIMEOUT, varint(0)))
    async with rogue(target, lies) as client:
        await client.closing(patience=1.0)
        return await client.observe()


lying_case(
    "374",
    "9001 §8.2",
    "no quic_transport_parameters extension",
    Lies(extension=None),
    MISSING_EXTENSION,
    h3spec="MUST send missing_extension TLS alert if the quic_transport_parameters extension does "
    "not included [TLS 8.2]",
)
lying_case(
    "375",
    "9001 §8.2",
    "transport parameters only under the draft codepoint 0xffa5",
    Lies(extension=DRAFT_EXTENSION),
    MISSING_EXTENSION,
    h3spec="MUST send missing_extension TLS alert if the quic_transport_parameters extension does "
    "not included [TLS 8.2]",
)

# TLS


lying_case(
    "376",
    "9001 §6",
    "TLS KeyUpdate in the Handshake space",
    Lies(early={Epoch.HANDSHAKE: message(KEY_UPDATE, b"\0")}),
    UNEXPECTED_MESSAGE,
    h3spec="MUST send unexpected_message TLS alert if KeyUpdate in Handshake is received [TLS 6]",
)
lying_case(
    "377",
    "9001 §8.3",
    "TLS EndOfEarlyData",
    Lies(early={Epoch.HANDSHAKE: message(END_OF_EARLY_DATA)}),
    UNEXPECTED_MESSAGE,
    h3spec="MUST send unexpected_message TLS alert if EndOfEarlyData is received [TLS 8.3]",
)
lying_case(
    "377a",
    "9001 §4.1.3",
    "CRYPTO data in an Initial packet when TLS has gone on",
    Lies(early={Epoch.INITIAL: crypto(b"x", 3000)}),
    VIOLATION,
)
lying_case(
    "377b",
    "9001 §4.1.3",
    "octets behind the ClientHello",
    Lies(trailing=b"xyz"),
    VIOLATION,
)


def post_handshake_case(id: str, words: str, payload: bytes, h3spec: str = "") -> None:
    """A TLS message in a 1-RTT packet."""

    @target_case(id, "RFC 9001 §6", MUST, words, UNEXPECTED_MESSAGE, h3spec=h3spec)
    async def run(target: Target) -> Observed:
        async with rogue(target) as client:
            client.inject(payload)
            await client.closing()
            return await client.observe()


post_handshake_case(
    "356",
    "TLS KeyUpdate in 1-RTT CRYPTO",
    message(KEY_UPDATE, b"\0"),
    h3spec="MUST send unexpected_message TLS alert if KeyUpdate in 1-RTT is received [TLS 6]",
)
post_handshake_case("356a", "ClientHello in 1-RTT CRYPTO", message(CLIENT_HELLO, bytes(64)))
