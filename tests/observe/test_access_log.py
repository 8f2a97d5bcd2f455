"""Tests of `observe/access_log.py`: how an exchange looks in a line."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.errors import ErrorCode
from h3producer.http3.cause import Cause
from h3producer.http3.record import ExchangeRecord
from h3producer.observe.access_log import MAX_SHOWN, AccessLog
from h3producer.wire.request import Request

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

ADDRESS = ("192.0.2.1", 50000)


@pytest.fixture(autouse=True)
def _read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.access")


def record(
    request: Request | None = None, *, status: int | None = 200, **facts: Any
) -> ExchangeRecord:
    """A whole exchange, but for what is said otherwise. `Any`: the attributes of a record."""
    made = ExchangeRecord(4, 10.0)
    made.request = request or Request("GET", "https", "h3.example", b"/a?b=c", [])
    made.status, made.answered, made.ended, made.is_whole = status, 10.25, 11.5, True
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def cut(cause: Cause, error_code: int | None, **facts: Any) -> ExchangeRecord:
    return record(cause=cause, error_code=error_code, is_whole=False, **facts)


def text_of(exchange: ExchangeRecord, caplog: pytest.LogCaptureFixture) -> str:
    AccessLog("text").write(exchange, ADDRESS, "8394")
    (line,) = caplog.messages
    return line


def json_of(exchange: ExchangeRecord, caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    AccessLog("json", worker=3, clock=lambda: 1_000_000_000.1234).write(exchange, ADDRESS, "8394")
    (line,) = caplog.messages
    facts = json.loads(line)
    assert isinstance(facts, dict)
    return facts


# Text


def test_what_went_well_is_a_line_in_uvicorns_format(caplog: pytest.LogCaptureFixture) -> None:
    assert text_of(record(), caplog) == '192.0.2.1:50000 - "GET /a?b=c HTTP/3" 200'
    assert caplog.records[0].args == ("192.0.2.1:50000", "GET", "/a?b=c", "3", 200)


@pytest.mark.parametrize(
    ("protocol", "word"),
    [("websocket", "WebSocket"), ("webtransport", "WebTransport"), ("connect-udp", "CONNECT")],
)
def test_a_tunnel_is_called_by_its_protocol(
    protocol: str, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = Request("CONNECT", "https", "h3.example", b"/", [], protocol=protocol)
    assert f'"{word} / HTTP/3"' in text_of(record(request), caplog)


@pytest.mark.parametrize(
    ("exchange", "ending"),
    [
        (cut(Cause.CLIENT_RESET, 0x10C), "200 reset H3_REQUEST_CANCELLED by client"),
        (cut(Cause.CLIENT_STOP, 0x123456, status=None), "- reset 0x123456 by client"),
        (cut(Cause.APPLICATION_ERROR, 0x102), "200 reset H3_INTERNAL_ERROR by application"),
        (cut(Cause.SERVER_CLOSE, 0x100), "200 reset H3_NO_ERROR by server"),
        (
            cut(Cause.MIN_RESPONSE_DATA_RATE, 0x10C),
            "200 reset H3_REQUEST_CANCELLED by min_response_data_rate",
        ),
        (
            record(status=413, cause=Cause.MAX_REQUEST_BODY_SIZE),
            "413 refused by max_request_body_size",
        ),
        (record(status=500, cause=Cause.APPLICATION_ERROR), "500"),
    ],
)
def test_an_exchange_that_did_not_go_well_says_how_and_by_whom(
    exchange: ExchangeRecord, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = text_of(exchange, caplog)
    assert line == f'192.0.2.1:50000 - "GET /a?b=c HTTP/3" {ending}'


def test_what_was_not_read_is_a_line_too(caplog: pytest.LogCaptureFixture) -> None:
    exchange = cut(Cause.REQUEST_HEAD_TIMEOUT, ErrorCode.H3_REQUEST_REJECTED, status=None)
    exchange.request = None
    line = text_of(exchange, caplog)
    assert line.endswith('"- - HTTP/3" - reset H3_REQUEST_REJECTED by request_head_timeout')


def test_an_ipv6_client_stands_in_brackets(caplog: pytest.LogCaptureFixture) -> None:
    AccessLog("text").write(record(), ("::1", 7), "")
    assert caplog.messages[0].startswith("[::1]:7 - ")


HOSTILE = b"/a\r\nb\xff\x1b[2J\xc2\x85"


def test_a_target_cannot_break_a_line_of_text(caplog: pytest.LogCaptureFixture) -> None:
    request = Request("GET", "https", "h3.example", HOSTILE, [])
    line = text_of(record(request), caplog)
    assert line.isascii()
    assert line.isprintable()


# JSON


def test_an_object_says_all_that_is_known(caplog: pytest.LogCaptureFixture) -> None:
    fields: Fields = [(b"user-agent", b"curl/8"), (b"referer", b"https://other.example/")]
    request = Request("GET", "https", "h3.example", b"/a?b=c", fields)
    exchange = record(request, request_bytes=3, response_bytes=5, is_early=True)
    assert json_of(exchange, caplog) == {
        "time": "2001-09-09T01:46:40.123Z",
        "worker": 3,
        "client": "192.0.2.1",
        "port": 50000,
        "connection": "8394",
        "stream": 4,
        "protocol": "HTTP/3",
        "method": "GET",
        "upgrade": None,
        "authority": "h3.example",
        "target": "/a?b=c",
        "early_data": True,
        "status": 200,
        "request_bytes": 3,
        "response_bytes": 5,
        "first_byte": 0.25,
        "duration": 1.5,
        "ended": "complete",
        "error_code": None,
        "by": None,
        "cause": None,
        "user_agent": "curl/8",
        "referer": "https://other.example/",
    }


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (
            cut(Cause.CLIENT_STOP, 0x10C),
            ("reset", "H3_REQUEST_CANCELLED", "client", "client_stop"),
        ),
        (
            record(status=503, cause=Cause.LIMIT_CONCURRENCY),
            ("refused", None, "limit", "limit_concurrency"),
        ),
        (
            record(status=500, cause=Cause.APPLICATION_ERROR),
            ("complete", None, "application", "application_error"),
        ),
    ],
)
def test_an_object_says_how_it_ended_and_by_whom(
    exchange: ExchangeRecord,
    words: tuple[str | None, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    facts = json_of(exchange, caplog)
    assert tuple(facts[name] for name in ("ended", "error_code", "by", "cause")) == words


def test_what_never_came_is_null(caplog: pytest.LogCaptureFixture) -> None:
    exchange = cut(Cause.CLIENT_RESET, 0x10C, status=None, answered=None)
    exchange.request = None
    facts = json_of(exchange, caplog)
    names = ("method", "target", "authority", "status", "first_byte", "user_agent", "referer")
    assert {facts[name] for name in names} == {None}


def test_nothing_of_a_client_can_break_a_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    request = Request("GET", "https", "h3.example", HOSTILE, [(b"user-agent", HOSTILE)])
    facts = json_of(record(request), caplog)
    assert caplog.messages[0].isascii()
    assert caplog.messages[0].isprintable()
    assert facts["user_agent"] == HOSTILE.decode("latin-1")


def test_a_long_field_is_shown_in_part(caplog: pytest.LogCaptureFixture) -> None:
    request = Request("GET", "https", "h3.example", b"/", [(b"referer", b"r" * 5000)])
    assert json_of(record(request), caplog)["referer"] == "r" * MAX_SHOWN


# Who reads it


def test_a_probe_is_in_the_log_of_who_debugs_only(caplog: pytest.LogCaptureFixture) -> None:
    AccessLog("text").write(record(is_probe=True), ADDRESS, "")
    assert caplog.messages == []
    caplog.set_level(logging.DEBUG, "h3producer.access")
    AccessLog("text").write(record(is_probe=True), ADDRESS, "")
    assert len(caplog.messages) == 1


def test_a_log_that_nobody_reads_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert AccessLog("text").is_read
    caplog.set_level(logging.WARNING, "h3producer.access")
    assert not AccessLog("text").is_read
