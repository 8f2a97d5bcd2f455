"""From events to a story: which bytes were where, and who waited."""

from __future__ import annotations

import pytest

from h3producer.trace.records import TraceError
from h3producer.trace.story import Span
from h3producer.trace.telling import tell
from tests.trace.events import (
    ack,
    began,
    ended,
    frame,
    limit,
    recording,
    request,
    sent,
    settings,
)


def test_a_story_begins_with_its_request() -> None:
    story = tell(recording((10.0, request("GET", "/a")), (12.5, sent(1, 0, 10, fin=True))))
    assert (story.method, story.path, story.ended) == ("GET", "/a", "FIN")
    assert story.sent == [(2.5, 10)]
    assert story.end == 2.5


def test_the_status_is_that_of_the_response() -> None:
    headers = [{"name": ":status", "value": "404"}]
    story = tell(recording((0.0, frame("headers", 3, headers=headers)), (0.0, sent(1, 0, 5))))
    assert story.status == "404"


def test_what_is_accepted_includes_the_headers_of_frames() -> None:
    story = tell(
        recording(
            (0.0, frame("headers", 10)),  # and 2 bytes of type and length
            (1.0, frame("data", 100)),  # and 3
            (2.0, frame("data", 20_000)),  # and 5
            (2.0, sent(1, 0, 5)),
        )
    )
    assert [size for _, size in story.accepted] == [12, 115, 20_120]


def test_bytes_that_are_sent_again_do_not_count_again() -> None:
    story = tell(recording((0.0, sent(1, 0, 10)), (1.0, sent(2, 10, 10)), (9.0, sent(3, 0, 10))))
    assert [size for _, size in story.sent] == [10, 20, 20]
    assert [each.is_repeated for each in story.packets] == [False, False, True]


def test_bytes_are_acknowledged_with_their_packets() -> None:
    story = tell(
        recording(
            (0.0, sent(1, 0, 10)),
            (0.0, sent(2, 10, 10)),
            (0.0, sent(3, 20, 10)),
            (5.0, ack(1, (3, 3), (1, 1))),
            (6.0, ack(2, (1, 3))),
        )
    )
    assert story.acknowledged == [(5.0, 20), (6.0, 30)]


def test_what_is_repeated_is_acknowledged_once() -> None:
    story = tell(recording((0.0, sent(1, 0, 10)), (1.0, sent(2, 0, 10)), (2.0, ack(1, (1, 2)))))
    assert story.acknowledged == [(2.0, 10)]


def test_the_limit_is_what_the_client_said_first_and_what_it_says_later() -> None:
    story = tell(recording((0.0, settings(100)), (1.0, sent(1, 0, 10)), (3.0, limit(1, 200))))
    assert story.limit == [(0.0, 100), (2.0, 200)]
    assert [each.raises_limit for each in story.arrivals] == [True]


def test_a_write_lasts_until_it_returns() -> None:
    story = tell(
        recording(
            (0.0, began("write", length=7)),
            (0.0, sent(1, 0, 10)),
            (4.0, ended("write")),
            (4.0, began("write", length=5)),
            (5.0, ended("write")),
        )
    )
    assert story.writes == [Span(0.0, 4.0, 7), Span(4.0, 5.0, 5)]
    assert story.written == [(0.0, 7), (4.0, 12)]


def test_an_end_without_bytes_is_a_write_if_it_waits() -> None:
    story = tell(
        recording(
            (0.0, sent(1, 0, 10)),
            (1.0, began("write", length=0)),
            (1.0, ended("write")),
            (2.0, began("write", length=0)),
            (3.0, ended("write")),
        )
    )
    assert story.writes == [Span(2.0, 3.0, 0)]


def test_what_has_not_ended_lasts_to_the_end_of_the_log() -> None:
    story = tell(recording((0.0, began("drain", unsent=99)), (8.0, sent(1, 0, 10))))
    assert [each.size for each in story.drains] == [99]


def test_the_largest_response_is_told_unless_another_is_asked_for() -> None:
    name, small = sent(1, 0, 10)
    small["frames"][0]["stream_id"] = 4
    events = recording((0.0, (name, small)), (1.0, sent(2, 0, 50)))
    assert tell(events).stream_id == 0
    assert tell(events, 4).stream_id == 4


def test_a_connection_without_a_response_has_no_story() -> None:
    with pytest.raises(TraceError, match="No response was sent on this connection"):
        tell(recording((0.0, request())))
    with pytest.raises(TraceError, match="No response was sent on stream 8"):
        tell(recording((0.0, sent(1, 0, 10))), 8)


def test_an_event_that_lacks_something_is_said_to() -> None:
    name, data = sent(1, 0, 10)
    del data["frames"][0]["offset"]
    with pytest.raises(TraceError, match="lacks"):
        tell(recording((0.0, (name, data))), 0)
