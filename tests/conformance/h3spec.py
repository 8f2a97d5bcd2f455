"""The names of the cases of h3spec, which the suite re-creates.

This file knows names (kazu-yamamoto/h3spec a0fb355). It refuses to know how the originals work:
each case here is written from the RFC, and says by `h3spec=` which one it stands for.
"""

from __future__ import annotations

from typing import Final

__all__ = ["H3SPEC"]

_HTTP3 = (
    "MUST send H3_FRAME_UNEXPECTED if DATA is received before HEADERS [HTTP/3 4.1]",
    "MUST send H3_MESSAGE_ERROR if a pseudo-header is duplicated [HTTP/3 4.1.1]",
    "MUST send H3_MESSAGE_ERROR if mandatory pseudo-header fields are absent [HTTP/3 4.1.3]",
    "MUST send H3_MESSAGE_ERROR if prohibited pseudo-header fields are present[HTTP/3 4.1.3]",
    "MUST send H3_MESSAGE_ERROR if pseudo-header fields exist after fields [HTTP/3 4.1.3]",
    "MUST send H3_MISSING_SETTINGS if the first control frame is not SETTINGS [HTTP/3 6.2.1]",
    "MUST send H3_FRAME_UNEXPECTED if a DATA frame is received on a control stream [HTTP/3 7.2.1]",
    "MUST send H3_FRAME_UNEXPECTED if a HEADERS frame is received on a control stream "
    "[HTTP/3 7.2.2]",
    "MUST send H3_FRAME_UNEXPECTED if a second SETTINGS frame is received [HTTP/3 7.2.4]",
    "MUST send H3_SETTINGS_ERROR if duplicate setting identifiers exist [HTTP/3 7.2.4]",
    "MUST send H3_SETTINGS_ERROR if HTTP/2 settings are included [HTTP/3 7.2.4.1]",
    "MUST send H3_FRAME_UNEXPECTED if CANCEL_PUSH is received in a request stream [HTTP/3 7.2.5]",
    "MUST send QPACK_DECOMPRESSION_FAILED if an invalid static table index exits in a "
    "field line representation [QPACK 3.1]",
    "MUST send QPACK_ENCODER_STREAM_ERROR if a new dynamic table capacity value exceeds "
    "the limit [QPACK 4.1.3]",
    "MUST send H3_CLOSED_CRITICAL_STREAM if a control stream is closed [QPACK 4.2]",
    "MUST send QPACK_DECODER_STREAM_ERROR if Insert Count Increment is 0 [QPACK 4.4.3]",
)

_QUIC = (
    "MUST send FLOW_CONTROL_ERROR if a STREAM frame with a large offset is received "
    "[Transport 4.1]",
    "MUST send STREAM_LIMIT_ERROR if a stream ID exceeding the limit",
    "MUST send TRANSPORT_PARAMETER_ERROR if initial_source_connection_id is missing "
    "[Transport 7.3]",
    "MUST send TRANSPORT_PARAMETER_ERROR if original_destination_connection_id is "
    "received [Transport 18.2]",
    "MUST send TRANSPORT_PARAMETER_ERROR if preferred_address, is received [Transport 18.2]",
    "MUST send TRANSPORT_PARAMETER_ERROR if retry_source_connection_id is received "
    "[Transport 18.2]",
    "MUST send TRANSPORT_PARAMETER_ERROR if stateless_reset_token is received [Transport 18.2]",
    "MUST send TRANSPORT_PARAMETER_ERROR if max_udp_payload_size < 1200 [Transport 7.4 and 18.2]",
    "MUST send TRANSPORT_PARAMETER_ERROR if ack_delay_exponen > 20 [Transport 7.4 and 18.2]",
    "MUST send TRANSPORT_PARAMETER_ERROR if max_ack_delay >= 2^14 [Transport 7.4 and 18.2]",
    "MUST send FRAME_ENCODING_ERROR if a frame of unknown type is received [Transport 12.4]",
    "MUST send PROTOCOL_VIOLATION on no frames [Transport 12.4]",
    "MUST send PROTOCOL_VIOLATION if reserved bits in Handshake are non-zero [Transport 17.2]",
    "MUST send PROTOCOL_VIOLATION if PATH_CHALLENGE in Handshake is received [Transport 17.2.4]",
    "MUST send PROTOCOL_VIOLATION if reserved bits in Short are non-zero [Transport 17.2]",
    "MUST send STREAM_STATE_ERROR if RESET_STREAM is received for a send-only stream "
    "[Transport 19.4]",
    "MUST send STREAM_STATE_ERROR if STOP_SENDING is received for a non-existing stream "
    "[Transport 19.5]",
    "MUST send PROTOCOL_VIOLATION if NEW_TOKEN is received [Transport 19.7]",
    "MUST send STREAM_STATE_ERROR if it receives a STREAM frame for a locally-initiated "
    "stream that has not yet been created [Transport 19.8]",
    "MUST send STREAM_STATE_ERROR if it receives a STREAM frame for a send-only stream "
    "[Transport 19.8]",
    "MUST send STREAM_STATE_ERROR if MAX_STREAM_DATA is received for a stream that has "
    "not yet been created [Transport 19.10]",
    "MUST send STREAM_STATE_ERROR if MAX_STREAM_DATA is received for a receive-only "
    "stream [Transport 19.10]",
    "MUST send FRAME_ENCODING_ERROR if invalid MAX_STREAMS is received [Transport 19.11]",
    "MUST send STREAM_LIMIT_ERROR or FRAME_ENCODING_ERROR if invalid STREAMS_BLOCKED is "
    "received [Transport 19.14]",
    "MUST send FRAME_ENCODING_ERROR if NEW_CONNECTION_ID with invalid Retire_Prior_To is "
    "received [Transport 19.15]",
    "MUST send FRAME_ENCODING_ERROR if NEW_CONNECTION_ID with 0-byte CID is received "
    "[Transport 19.15]",
    "MUST send PROTOCOL_VIOLATION if HANDSHAKE_DONE is received [Transport 19.20]",
    "MUST send unexpected_message TLS alert if KeyUpdate in Handshake is received [TLS 6]",
    "MUST send unexpected_message TLS alert if KeyUpdate in 1-RTT is received [TLS 6]",
    "MUST send no_application_protocol TLS alert if no application protocols are "
    "supported [TLS 8.1]",
    "MUST send missing_extension TLS alert if the quic_transport_parameters extension "
    "does not included [TLS 8.2]",
    "MUST send missing_extension TLS alert if the quic_transport_parameters extension "
    "does not included [TLS 8.2]",
    "MUST send unexpected_message TLS alert if EndOfEarlyData is received [TLS 8.3]",
    "MUST send PROTOCOL_VIOLATION if CRYPTO in 0-RTT is received [TLS 8.3]",
)

H3SPEC: Final = (*_HTTP3, *_QUIC)
"""All cases; one of HTTP/3 is a MAY, and one of QUIC stands twice, with another codepoint."""
