"""The unidirectional streams that we open: control with our SETTINGS, and QPACK's two.

This file knows what we say of ourselves before anybody asks. It refuses to know what the client
says (`http3/control_stream.py`) and what else goes over the control stream. Its one rule: what is
offered here is built, whether or not an application makes use of it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from h3producer.http3.datagrams import takes_datagrams
from h3producer.wire.frames import FrameType, StreamType, encode_frame
from h3producer.wire.settings import Setting, encode_settings
from h3producer.wire.varint import encode_varint
from h3producer.wire.webtransport import WebTransportSetting

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.transport import QuicTransport

__all__ = ["open_own_streams"]

# RFC 9114 §7.2.4.1, of identifiers 0x1f * N + 0x21, which mean nothing: "Endpoints SHOULD include
# at least one such setting in their SETTINGS frame." So that no client forgets how to ignore one.
_RESERVED_SETTING = 0x1F + 0x21


def open_own_streams(transport: QuicTransport, config: Config) -> int:
    """Open our control stream, SETTINGS first (RFC 9114 §6.2.1), then both QPACK streams.

    Returns the id of the control stream.
    """
    control = transport.open_uni_stream()
    transport.send(control, _control_head(config))
    for stream_type in (StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER):
        transport.send(transport.open_uni_stream(), encode_varint(stream_type))
    return control


@functools.lru_cache(maxsize=4)
def _control_head(config: Config) -> bytes:
    """What our control stream begins with, the same for all connections of a server."""
    frame = encode_frame(FrameType.SETTINGS, encode_settings(_settings(config)))
    return encode_varint(StreamType.CONTROL) + frame


def _settings(config: Config) -> dict[int, int]:
    settings: dict[int, int] = {
        # RFC 9204 §3.2.3, §2.1.2: no dynamic table, so nothing can be blocked or grow.
        Setting.QPACK_MAX_TABLE_CAPACITY: 0,
        Setting.QPACK_BLOCKED_STREAMS: 0,
        # Counted uncompressed with 32 bytes a field (RFC 9114 §4.2.2), hence never smaller
        # than what we bound, the encoded section.
        Setting.MAX_FIELD_SECTION_SIZE: config.max_field_section_size,
        # RFC 8441 §3: with it "a client MAY use the Extended CONNECT". A protocol that nobody here
        # speaks is the handler's to refuse (RFC 9220 §3).
        Setting.ENABLE_CONNECT_PROTOCOL: 1,
        _RESERVED_SETTING: 0,
    }
    if takes_datagrams(config):
        settings[Setting.H3_DATAGRAM] = 1
    if config.webtransport:
        settings.update(_webtransport_settings(config.max_webtransport_sessions))
    return settings


def _webtransport_settings(max_sessions: int) -> dict[int, int]:
    """What each generation of WebTransport looks for; see `wire/webtransport.py`."""
    return {
        WebTransportSetting.H3_DATAGRAM_DRAFT04: 1,
        WebTransportSetting.ENABLE_WEBTRANSPORT: 1,
        WebTransportSetting.WEBTRANSPORT_MAX_SESSIONS: max_sessions,
        # More than one would promise flow control for each session (draft-14 §5.1).
        WebTransportSetting.WT_MAX_SESSIONS: 1,
    }
