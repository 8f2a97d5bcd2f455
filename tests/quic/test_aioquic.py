"""The installed aioquic still is what our folder takes it for."""

from __future__ import annotations

import ast
import logging
from importlib import metadata
from pathlib import Path

import pytest
from aioquic._crypto import AEAD, HeaderProtection
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.congestion.cubic import CubicCongestionControl
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoContext, CryptoPair
from aioquic.quic.rangeset import RangeSet
from aioquic.quic.stream import QuicStream, QuicStreamReceiver, QuicStreamSender
from aioquic.tls import Context

import h3producer.quic.aioquic.connection as connection_module
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.internals import PRIVATE_NAMES, QuietLogger, StreamTable

FOLDER = Path(connection_module.__file__).parent

STOCK = QuicConnection(configuration=QuicConfiguration())

LIVE: dict[str, object] = {
    "AEAD": AEAD(b"aes-128-gcm", bytes(16), bytes(12)),
    "Context": Context(is_client=False),
    "CryptoContext": CryptoContext(),
    "CryptoPair": CryptoPair(),
    "CubicCongestionControl": CubicCongestionControl(max_datagram_size=1200),
    "HeaderProtection": HeaderProtection(b"aes-128-ecb", bytes(16)),
    "QuicConnection": STOCK,
    "QuicPacketPacer": STOCK._loss._pacer,
    "QuicPacketRecovery": STOCK._loss,
    "RangeSet": RangeSet(),
    "RenoCongestionControl": RenoCongestionControl(max_datagram_size=1200),
    "QuicStreamReceiver": QuicStreamReceiver(0, readable=True),
    "QuicStreamSender": QuicStreamSender(0, writable=True),
}

OVERRIDDEN = {
    "__init__",
    "_consume_peer_cid",
    "_discard_epoch",
    "_alpn_handler",
    "_handle_ack_frame",
    "_handle_crypto_frame",
    "_handle_max_data_frame",
    "_handle_max_stream_data_frame",
    "_handle_new_connection_id_frame",
    "_handle_padding_frame",
    "_handle_path_response_frame",
    "_handle_retire_connection_id_frame",
    "_handle_stream_frame",
    "_idle_timeout",
    "_initialize",
    "_on_path_challenge_delivery",
    "_parse_transport_parameters",
    "_payload_received",
    "_replenish_connection_ids",
    "_send_probing_frames",
    "_serialize_transport_parameters",
    "_unblock_streams",
    "_update_traffic_key",
    "_use_reserved_peer_cid",
    "_write_connection_limits",
    "_write_new_connection_id_frame",
    "_write_stop_sending_frame",
    "_write_stream_frame",
    "_write_stream_limits",
    "close",
    "datagrams_to_send",
    "get_timer",
    "handle_timer",
    "receive_datagram",
    "request_key_update",
}


@pytest.mark.parametrize(
    ("owner", "name"),
    [(owner, name) for owner in PRIVATE_NAMES for name in PRIVATE_NAMES[owner].split()],
)
def test_private_names_exist_in_the_installed_aioquic(owner: str, name: str) -> None:
    assert hasattr(LIVE[owner], name), (
        f"aioquic {metadata.version('aioquic')} has no {owner}.{name} any more. Find out what "
        f"took its place, change h3producer/quic/aioquic/, then this table."
    )


def private_names_used() -> set[str]:
    """Underscore attributes in the folder that are not a class's own."""
    used: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            # Connections, streams and TLS contexts are aioquic's; elsewhere `self._x` is ours.
            is_connection = isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name)
                and (
                    base.id.endswith(("Connection", "Context")) or base.id.startswith("QuicStream")
                )
                for base in node.bases
            )
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and inner.attr.startswith("_"):
                    own = isinstance(inner.value, ast.Name) and inner.value.id == "self"
                    if is_connection or not own:
                        used.add(inner.attr)
                elif is_connection and isinstance(inner, ast.FunctionDef):
                    used.add(inner.name)
                elif is_connection and isinstance(inner, ast.Assign):
                    used |= {each.id for each in inner.targets if isinstance(each, ast.Name)}
    return {name for name in used if name.startswith("_") and not name.startswith("__")}


def test_every_private_name_we_touch_stands_in_the_table() -> None:
    table = {name for names in PRIVATE_NAMES.values() for name in names.split()}
    assert private_names_used() == table


def test_names_of_ours_are_not_names_of_aioquic() -> None:
    """A release that adds a public `grant` would be overridden by ours without a word."""
    stock = QuicConnection(configuration=QuicConfiguration())
    ours = AioquicConnection(QuicConfiguration())
    added = set(vars(ours)) - set(vars(stock))
    for each in AioquicConnection.__mro__:
        if each.__module__.startswith("h3producer"):
            added |= set(vars(each))
    common = {name for name in added if hasattr(stock, name) and not name.startswith("__")}
    assert common <= OVERRIDDEN, f"aioquic has these now, too: {sorted(common - OVERRIDDEN)}"


def test_a_stream_table_tells_what_is_discarded() -> None:
    discarded: list[tuple[int, QuicStream]] = []
    table = StreamTable(lambda stream_id, stream: discarded.append((stream_id, stream)))
    stream = table[4] = QuicStream(stream_id=4)
    assert table.pop(4) is stream
    assert discarded == [(4, stream)]
    assert table == {}


def test_debug_lines_that_nobody_reads_are_not_made() -> None:
    assert isinstance(AioquicConnection(QuicConfiguration())._logger, QuietLogger)


def test_debug_lines_are_there_for_who_asks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="quic")
    connection = AioquicConnection(QuicConfiguration())
    connection._logger.debug("a line")
    assert "a line" in caplog.text


def test_what_a_peer_does_wrong_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="quic")  # benchmarks have made it quieter
    logger = QuietLogger(logging.getLogger("quic"), {"id": "abc"})
    logger.debug("a stream")
    logger.info("a reset")
    logger.warning("a broken frame")
    logger.error("but this")
    assert caplog.messages == ["[abc] but this"]
