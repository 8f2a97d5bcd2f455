"""What the exchanges of one TCP connection share, in the shape that HTTP/3's core has for it.

This file knows which parts of it mean something over TCP. It refuses to know exchanges. Two parts
do not: QPACK has no work here, and there is no early data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.http3.exchange import ExchangeContext
from h3producer.http3.field_encoder import FieldEncoder
from h3producer.http3.pace import PaceLimits
from h3producer.http3.priorities import Priorities
from h3producer.http3.request_sections import RequestSections
from h3producer.http3.response_heads import ResponseHeads
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.exchange import Exchange
    from h3producer.http3.load import ConnectionLoad
    from h3producer.http3.response_heads import DefaultFields
    from h3producer.server.tcp.service import Service
    from h3producer.server.tcp.transport import TcpTransport
    from h3producer.wire.priority import Priority

__all__ = ["tcp_context"]


def tcp_context(
    transport: TcpTransport,
    service: Service,
    *,
    load: ConnectionLoad,
    default_fields: DefaultFields,
    complain: Callable[..., None],
    on_closed: Callable[[Exchange], None],
) -> ExchangeContext:
    """The context of one connection; the callbacks are those of `ExchangeContext`."""
    config = service.config
    return ExchangeContext(
        transport=transport,
        sections=RequestSections(FieldSectionDecoder(), config),
        encoder=FieldEncoder(FieldSectionEncoder()),
        heads=ResponseHeads(default_fields, _no_priority),
        load=load,
        pace=PaceLimits.of(config),
        priorities=Priorities(transport),
        turnstile=service.turnstile,
        early=None,
        source=transport.peer_address[0],
        config=config,
        complain=complain,
        on_closed=on_closed,
        datagrams=None,
        watch=service.observer.watch_tcp(transport.peer_address),
    )


def _no_priority(_stream_id: int, _priority: Priority) -> None:
    """A response says how soon it has to leave: over TCP nobody asks."""
