"""Two sides of one connection in memory."""

from __future__ import annotations

from h3producer.pipe.duplex import DuplexPipe, duplex_pair
from h3producer.pipe.options import PipeOptions
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import now


def take(side: DuplexPipe) -> bytes:
    buffer = now(side.input.read()).buffer
    data = buffer.to_bytes()
    side.input.advance_to(buffer.end)
    return data


def test_what_one_side_writes_the_other_reads() -> None:
    client, server = duplex_pair()
    now(client.output.write_async(b"question"))
    assert take(server) == b"question"
    now(server.output.write_async(b"answer"))
    assert take(client) == b"answer"


def test_what_is_written_does_not_come_out_of_the_same_side() -> None:
    client, _server = duplex_pair()
    now(client.output.write_async(b"question"))
    assert client.input.try_read() is None


def test_each_direction_ends_by_itself() -> None:
    client, server = duplex_pair()
    client.output.complete()
    assert now(server.input.read()).is_completed
    now(server.output.write_async(b"answer"))
    assert take(client) == b"answer"


def test_each_direction_has_its_own_options() -> None:
    client, server = duplex_pair(PipeOptions(pause_writer_threshold=1), PipeOptions())
    now(client.output.write_async(b"abc"))
    assert not start_inline(server.output.write_async(b"abc")).done()
