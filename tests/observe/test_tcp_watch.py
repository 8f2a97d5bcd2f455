"""Tests of `observe/tcp_watch.py` and `observe/telling.py`: what is told of exchanges over TCP."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from h3producer.http3.cause import Cause
from h3producer.observe.access_log import AccessLog
from h3producer.observe.exchange_meters import ExchangeMeters
from h3producer.observe.meters import Meters
from h3producer.observe.tcp_watch import TcpWatch

if TYPE_CHECKING:
    import pytest

CLIENT = ("192.0.2.1", 50_000)


class Notes(AccessLog):
    """Remembers causes and addresses; `fails` is a disk that is full."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__("text")
        self.fails = fails
        self.lines: list[tuple[Cause | None, object]] = []

    def write(self, record: object, peer_address: object, _name: object) -> None:
        if self.fails:
            raise RuntimeError("the disk is full")
        self.lines.append((record.cause, peer_address))  # type: ignore[attr-defined]  # a record


def sums(meters: Meters, name: str) -> dict[tuple[str, ...], float]:
    return {tuple(labels): values[0] for labels, values in meters.snapshot().get(name, [])}


def test_an_exchange_is_counted_while_it_lasts_and_logged_when_it_has_ended() -> None:
    meters, log = Meters(), Notes()
    watch = TcpWatch(CLIENT, lambda: 1.0, log, ExchangeMeters(meters))
    record = watch.exchange_began(1)
    assert sums(meters, "http.server.active_requests") == {(): 1}
    watch.exchange_ended(record)
    assert sums(meters, "http.server.active_requests") == {(): 0}
    assert log.lines == [(None, CLIENT)]


def test_a_connection_that_is_lost_was_closed_by_the_client() -> None:
    log = Notes()
    watch = TcpWatch(CLIENT, lambda: 1.0, log)
    record = watch.exchange_began(1)
    record.cause = Cause.CONNECTION_LOST
    watch.exchange_ended(record)
    assert log.lines == [(Cause.CLIENT_CLOSE, CLIENT)]


def test_without_a_log_there_are_meters_all_the_same() -> None:
    meters = Meters()
    watch = TcpWatch(CLIENT, lambda: 1.0, None, ExchangeMeters(meters))
    watch.exchange_ended(watch.exchange_began(1))
    assert sum(sums(meters, "http.server.request.duration").values()) == 1


def test_a_log_that_fails_costs_a_line(caplog: pytest.LogCaptureFixture) -> None:
    watch = TcpWatch(CLIENT, lambda: 1.0, Notes(fails=True))
    with caplog.at_level(logging.ERROR):
        watch.exchange_ended(watch.exchange_began(5))
    assert caplog.messages == ["Stream 5: the access log failed"]


def test_what_only_quic_has_is_nothing_to_tell() -> None:
    meters, log = Meters(), Notes()
    watch = TcpWatch(CLIENT, lambda: 1.0, log, ExchangeMeters(meters))
    watch.exchange_rejected(1)
    watch.response_given_up()
    watch.datagram_dropped(was_received=True)
    assert (log.lines, meters.snapshot()) == ([], {})
