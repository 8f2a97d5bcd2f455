"""Whose turn it is: RFC 9218 for clients that say something, fair turns for those that do not."""

from __future__ import annotations

from aioquic.quic.stream import QuicStream
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.aioquic.turns import BEGINNING, SendQueue


class Line:
    """A queue, and streams by id that always have more to send, unless a test says otherwise."""

    def __init__(self) -> None:
        self.priorities: dict[int, tuple[int, bool]] = {}
        self.queue = SendQueue(self.priorities)
        self.streams: dict[int, QuicStream] = {}

    def add(self, *stream_ids: int, sent: int = BEGINNING) -> None:
        for stream_id in stream_ids:
            stream = self.streams[stream_id] = QuicStream(stream_id=stream_id)
            stream.sender.highest_offset = sent
            self.queue.add(stream)

    def prioritize(self, stream_id: int, urgency: int, *, incremental: bool = False) -> None:
        self.priorities[stream_id] = (urgency, incremental)
        self.queue.priorities_changed()

    def take(self) -> QuicStream | None:
        stream = self.queue.first()
        if stream is not None:
            self.queue.take()
        return stream

    def turns(self, count: int) -> list[int | None]:
        """Who has the next turns; all of them want another."""
        ids = []
        for _ in range(count):
            stream = self.take()
            ids.append(None if stream is None else stream.stream_id)
            if stream is not None:
                self.queue.add(stream)
        return ids

    def ends(self, count: int) -> list[int | None]:
        """Who has the next turns; nobody wants another."""
        streams = [self.take() for _ in range(count)]
        return [None if stream is None else stream.stream_id for stream in streams]


# What all have in common


def test_nobody_waits_in_an_empty_queue() -> None:
    line = Line()
    assert line.ends(1) == [None]
    assert len(line.queue) == 0


def test_whoever_is_told_of_twice_waits_once() -> None:
    line = Line()
    line.add(0)
    line.queue.add(line.streams[0])
    assert line.ends(2) == [0, None]


def test_our_own_streams_go_first() -> None:
    """SETTINGS and GOAWAY are small, and the client waits for them."""
    line = Line()
    line.add(0, 4, 3)
    assert line.ends(3) == [3, 0, 4]


# A client that says nothing


def test_downloads_take_turns() -> None:
    line = Line()
    line.add(0, 4, 8)
    assert line.turns(7) == [0, 4, 8, 0, 4, 8, 0]


def test_who_is_at_the_beginning_goes_ahead_of_downloads() -> None:
    line = Line()
    line.add(*range(0, 200, 4))
    line.turns(5)
    line.add(200, sent=0)
    assert line.turns(2) == [200, 200]


def test_those_at_the_beginning_take_turns() -> None:
    line = Line()
    line.add(0)
    line.add(4, 8, sent=0)
    assert line.turns(4) == [4, 8, 4, 8]


def test_who_is_past_the_beginning_is_a_download() -> None:
    line = Line()
    line.add(0)
    line.add(4, sent=0)
    assert line.turns(1) == [4]
    line.streams[4].sender.highest_offset = BEGINNING
    assert line.turns(4) == [4, 0, 4, 0]


# A client that signals


def test_the_most_urgent_go_first() -> None:
    """RFC 9218 §10: "servers respect the urgency parameter", 0 the most urgent."""
    line = Line()
    line.add(0, 4, 8)
    line.prioritize(0, 7)
    line.prioritize(4, 0)
    line.prioritize(8, 3)
    assert line.ends(3) == [4, 8, 0]


def test_responses_of_use_only_in_whole_go_one_after_the_other() -> None:
    """RFC 9218 §10: "in ascending order of the stream ID"."""
    line = Line()
    line.add(8, 4, 0)
    for stream_id in (0, 4, 8):
        line.prioritize(stream_id, 3)
    assert line.turns(3) == [0, 0, 0]
    assert line.ends(3) == [0, 4, 8]


def test_responses_of_use_in_pieces_take_turns() -> None:
    line = Line()
    line.add(0, 4, 8)
    for stream_id in (0, 4, 8):
        line.prioritize(stream_id, 3, incremental=True)
    assert line.turns(6) == [0, 4, 8, 0, 4, 8]


def test_those_of_use_only_in_whole_share_one_turn_with_the_others() -> None:
    """RFC 9218 §10 leaves the mixture open; nobody starves."""
    line = Line()
    line.add(0, 4, 8, 12)
    for stream_id, incremental in ((0, False), (4, False), (8, True), (12, True)):
        line.prioritize(stream_id, 3, incremental=incremental)
    turns = line.turns(30)
    assert {stream_id: turns.count(stream_id) for stream_id in (0, 4, 8, 12)} == {
        0: 10,
        4: 0,
        8: 10,
        12: 10,
    }


def test_a_client_that_signals_means_the_defaults_where_it_is_silent() -> None:
    """RFC 9218 §4.1, §4.2: urgency 3, not incremental."""
    line = Line()
    line.add(0, 4)
    line.add(8, 12, sent=0)
    line.prioritize(4, 4)
    line.prioritize(12, 2)
    assert line.ends(4) == [12, 0, 8, 4]


def test_the_last_word_counts_also_while_a_stream_waits() -> None:
    line = Line()
    line.add(0, 4)
    line.prioritize(4, 2)
    assert line.turns(1) == [4]
    line.prioritize(4, 5)
    assert line.ends(2) == [0, 4]


@given(st.lists(st.tuples(st.integers(0, 7), st.booleans(), st.booleans()), max_size=30))
def test_everybody_who_waits_gets_a_turn_and_no_less_urgent_one_before(
    said: list[tuple[int, bool, bool]],
) -> None:
    line = Line()
    for number, (urgency, incremental, says_later) in enumerate(said):
        if not says_later:
            line.prioritize(4 * number, urgency, incremental=incremental)
        line.add(4 * number)
        if says_later:
            line.prioritize(4 * number, urgency, incremental=incremental)
    order = [stream_id for stream_id in line.ends(len(said) + 1) if stream_id is not None]
    assert sorted(order) == [4 * number for number in range(len(said))]
    urgencies = [said[stream_id // 4][0] for stream_id in order]
    assert urgencies == sorted(urgencies)
