"""How often a client that breaks rules is worth a line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from h3producer.http3.complaints import LINES_PER_SECOND, ComplaintLog, ConnectionComplaints

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = ("192.0.2.1", 50000)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, "h3producer.http3"):
        yield caplog


def said(lines: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in lines.records if record.levelno == level]


def test_a_connection_is_worth_one_line_and_the_rest_is_for_debugging(
    lines: pytest.LogCaptureFixture,
) -> None:
    complaints = ConnectionComplaints(ComplaintLog(lambda: 0.0))
    complaints.log(CLIENT, "stream %d is reset: %s", 4, "two :path")
    complaints.log(CLIENT, "it is closed: %s", "frame 0x2")
    first = "Client 192.0.2.1 port 50000 broke a rule; stream 4 is reset: two :path"
    second = "Client 192.0.2.1 port 50000 broke a rule; it is closed: frame 0x2"
    assert (said(lines, logging.INFO), said(lines, logging.DEBUG)) == ([first], [second])


def test_no_second_line_is_made_when_nobody_debugs(caplog: pytest.LogCaptureFixture) -> None:
    complaints = ConnectionComplaints(ComplaintLog(lambda: 0.0))
    with caplog.at_level(logging.INFO, "h3producer.http3"):
        for _ in range(2):
            complaints.log(CLIENT, "it is closed")
    assert len(caplog.records) == 1


def test_a_flood_of_connections_is_worth_a_few_lines_a_second_and_a_count(
    lines: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    log = ComplaintLog(lambda: now)
    for _ in range(LINES_PER_SECOND + 5):
        ConnectionComplaints(log).log(CLIENT, "it is closed")
    assert len(said(lines, logging.INFO)) == LINES_PER_SECOND
    assert len(said(lines, logging.DEBUG)) == 5
    now = 1.0
    for _ in range(2):
        ConnectionComplaints(log).log(CLIENT, "it is closed")
    assert [
        line.endswith("(and 5 more connections before it)") for line in said(lines, 20)[-2:]
    ] == [
        True,
        False,
    ]
