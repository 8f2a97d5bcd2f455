"""What we reach into and replace inside aioquic.

This file knows which private names of the library the folder depends on, and the two small parts
that we put in their place. It refuses to know what for: `connection.py` says so.

Its one rule: whoever touches one more private name writes it down here, and
`tests/quic/test_aioquic.py` holds the table against the installed release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aioquic
from aioquic.buffer import (  # type: ignore[attr-defined]  # public, but not declared so
    Buffer,
    BufferReadError,
)
from aioquic.quic.connection import QuicConnectionAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from aioquic.quic.stream import QuicStream

__all__ = [
    "IS_KNOWN_RELEASE",
    "PRIVATE_NAMES",
    "Buffer",
    "BufferReadError",
    "NoQueue",
    "QuietLogger",
    "StreamTable",
]

IS_KNOWN_RELEASE = aioquic.__version__ == "1.7.2"
"""Whether this is a release whose own ways our short ways repeat."""

PRIVATE_NAMES = {
    "AEAD": "_aead _iv",
    "Context": "_receive_buffer _session_resumed",
    "CryptoContext": "_setup_cb _teardown_cb",
    "CryptoPair": "_update_key_requested",
    "CubicCongestionControl": "_congestion_recovery_start_time _max_datagram_size",
    "HeaderProtection": "_encryptor _is_chacha20 _mask",
    "QuicConnection": (
        "_QuicConnection__frame_handlers _ack_delay _ack_eliciting_sent_since_receipt "
        "_alpn_handler _close_at _close_begin _close_event _close_pending _configuration "
        "_consume_peer_cid _crypto_buffers _crypto_streams _cryptos _cryptos_initial "
        "_datagrams_pending _discard_epoch _events _handle_ack_frame _handle_crypto_frame "
        "_handle_max_data_frame _handle_max_stream_data_frame _handle_new_connection_id_frame "
        "_handle_padding_frame _handle_path_response_frame _handle_retire_connection_id_frame "
        "_handle_stream_frame _handshake_complete _handshake_confirmed _handshake_done_pending "
        "_host_cid_seq _host_cids _idle_timeout _initialize _is_client _local_ack_delay_exponent "
        "_local_active_connection_id_limit _local_initial_source_connection_id _local_max_data "
        "_local_max_stream_data_bidi_remote _local_max_streams_bidi _local_max_streams_uni "
        "_logger _loss _loss_at _max_datagram_size _network_paths _on_ack_delivery "
        "_on_connection_limit_delivery _on_handshake_done_delivery _on_max_stream_data_delivery "
        "_on_new_connection_id_delivery _on_path_challenge_delivery _on_ping_delivery "
        "_original_destination_connection_id _pacing_at _packet_number "
        "_parse_transport_parameters _payload_received _peer_cid _peer_cid_available "
        "_peer_cid_sequence_numbers _peer_retire_prior_to _ping_pending _probe_pending "
        "_quic_logger _remote_ack_delay_exponent _remote_active_connection_id_limit "
        "_remote_initial_source_connection_id _remote_max_data _remote_max_data_used "
        "_remote_max_datagram_frame_size _remote_max_idle_timeout "
        "_remote_max_stream_data_bidi_local _replenish_connection_ids _retire_connection_ids "
        "_retry_source_connection_id _send_probe _send_probing_frames "
        "_serialize_transport_parameters _set_state _spaces _spin_bit _spin_highest_pn _state "
        "_stream_limit _streams _streams_blocked_pending _streams_queue _unblock_streams "
        "_update_traffic_key _use_reserved_peer_cid _version _write_connection_limits "
        "_write_new_connection_id_frame _write_stop_sending_frame _write_stream_frame "
        "_write_stream_limits"
    ),
    "QuicPacketPacer": "_max_datagram_size",
    "QuicPacketRecovery": (
        "_cc _detect_loss _log_metrics_updated _pacer _pto_count _rtt_first_sample_time "
        "_rtt_initialized _rtt_latest _rtt_min _rtt_smoothed _rtt_variance "
        "_time_of_last_sent_ack_eliciting_packet"
    ),
    "RangeSet": "_RangeSet__ranges",
    "RenoCongestionControl": "_congestion_recovery_start_time _max_datagram_size",
    "QuicStreamReceiver": "_buffer _buffer_start _final_size _ranges _stop_error_code _stream_id",
    "QuicStreamSender": (
        "_acked _acked_fin _buffer _buffer_fin _buffer_start _buffer_stop _pending _pending_eof "
        "_reset_error_code"
    ),
}
"""Every private attribute of aioquic that this folder touches, by class."""


class QuietLogger(QuicConnectionAdapter):
    """aioquic's logger without what is only about the peer, for when nobody debugs.

    A debug line costs a microsecond even when it is off, and warnings about what a peer does wrong
    would let it fill our log. What ended a connection reaches the core, which logs it.
    """

    def debug(self, msg: object, *args: object, **kwargs: object) -> None:
        pass

    info = warning = debug


class StreamTable(dict[int, "QuicStream"]):
    """aioquic's table of streams, which tells when aioquic discards one."""

    def __init__(self, discarded: Callable[[int, QuicStream], None]) -> None:
        super().__init__()
        self._discarded = discarded

    def pop(self, stream_id: int) -> QuicStream:  # type: ignore[override]  # all that is called
        stream = super().pop(stream_id)
        self._discarded(stream_id, stream)
        return stream


class NoQueue(list["QuicStream"]):
    """aioquic's queue of streams, while nobody reads it: `announcing.py` knows who is to be served.

    aioquic appends each new stream, and takes them out only when its own writer comes by.
    """

    def append(self, stream: QuicStream) -> None:
        pass
