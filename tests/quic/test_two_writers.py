"""Our packet writer and aioquic's: the same verbs, on any bad path, make the same streams."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from h3producer.config import Config
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from tests.fakes import RecordingInputs

STREAMS = 4

Step: TypeAlias = tuple[str, int, int]
"""What is done, to which stream, and a number that says how much of it."""

SENDS = st.tuples(st.just("send"), st.integers(0, STREAMS - 1), st.integers(0, 20_000))
ENDS = st.tuples(st.sampled_from(("end", "reset", "stop")), st.integers(0, STREAMS - 1), st.just(0))
UPLOADS = st.tuples(st.just("upload"), st.integers(0, STREAMS - 1), st.integers(0, 60_000))
PRIORITIES = st.tuples(st.just("prioritize"), st.integers(0, STREAMS - 1), st.integers(0, 15))
# A PING or a key update of ours makes a flush aioquic's.
OTHERS = st.tuples(
    st.sampled_from(("datagram", "keys", "ping", "client's ping")), st.just(0), st.just(0)
)
KEYS: Step = ("keys", 0, 0)
PAUSES = st.tuples(st.just("pause"), st.just(0), st.integers(0, 40))

STEPS = st.lists(st.one_of(SENDS, SENDS, ENDS, UPLOADS, PRIORITIES, OTHERS, PAUSES), max_size=30)


@dataclass
class Path:
    """How bad it is."""

    loss: float
    delay: float
    window: int
    seed: int


PATHS = st.builds(
    Path,
    loss=st.sampled_from((0.0, 0.05, 0.2)),
    delay=st.sampled_from((0.0, 0.003, 0.05)),
    window=st.sampled_from((3_000, 30_000, 1 << 20)),
    seed=st.integers(0, 1 << 16),
)


@dataclass
class Stream:
    """One exchange, and what was done to it."""

    stream_id: int
    sent: bytearray = field(default_factory=bytearray)
    uploaded: int = 0
    is_ended: bool = False
    is_reset: bool = False
    is_stopped: bool = False


class Scenario:
    """The steps, done to a pair."""

    def __init__(self, path: Path, *, fast_path: bool) -> None:
        client = Client(max_stream_data=path.window, max_data=2 * path.window)
        self.pair = Pair(config=Config(fast_path=fast_path), client=client, delay=path.delay)
        self.path = path
        self.dice = random.Random(path.seed)
        self.streams: list[Stream] = []

    async def run(self, steps: list[Step]) -> None:
        pair = self.pair
        await pair.connect()
        for _ in range(STREAMS):
            self.streams.append(Stream(pair.client.open()))
            pair.client.send(self.streams[-1].stream_id, b"request")
        await pair.drive()
        pair.loses_to_client = pair.loses_to_server = lambda number: (
            self.dice.random() < self.path.loss
        )
        for what, index, number in steps:
            await self.do(what, self.streams[index], number)
        pair.loses_to_client = pair.loses_to_server = lambda number: False
        for stream in self.streams:
            if not stream.is_reset and not stream.is_ended:
                await self.do("end", stream, 0)
        await pair.drive(50.0)

    async def do(self, what: str, stream: Stream, number: int) -> None:
        transport, stream_id = self.pair.transport, stream.stream_id
        can_send = not stream.is_ended and not stream.is_reset
        if what == "send" and can_send:
            data = self.dice.randbytes(number)
            stream.sent += data
            transport.send(stream_id, data)
        elif what == "end" and can_send:
            stream.is_ended = True
            transport.send(stream_id, b"", end_stream=True)
        elif what == "reset" and can_send:
            stream.is_reset = True
            transport.reset(stream_id, 0x10C)
        elif what == "stop":
            stream.is_stopped = True
            transport.stop_sending(stream_id, 0x100)
        elif what == "upload" and not stream.is_stopped:
            stream.uploaded += number
            self.pair.client.send(stream_id, bytes(number))
            transport.grant(stream_id, number)
        elif what == "prioritize":
            transport.set_priority(stream_id, number % 8, number > 7)
        elif what == "datagram":
            transport.send_datagram(b"datagram")
        elif what == "keys":
            transport._connection.request_key_update()  # type: ignore[attr-defined]  # aioquic's
        elif what == "ping":
            transport._connection.send_ping(1)  # type: ignore[attr-defined]  # aioquic's
        elif what == "client's ping":
            self.pair.client.quic.send_ping(0)
        elif what == "pause":
            await self.pair.drive(number / 1000)

    def outcome(self) -> list[object]:
        """What has to be the same, whoever wrote the packets and whatever was lost."""
        client, recorded = self.pair.client, self.pair.recorded
        return [
            (
                bytes(stream.sent) == client.received(stream.stream_id),
                stream.stream_id in client.fins,
                client.resets.get(stream.stream_id),
                stream.is_stopped and client.stops.get(stream.stream_id),
                stream.is_stopped or uploaded(recorded, stream),
            )
            if not stream.is_reset
            else (client.resets.get(stream.stream_id), stream.stream_id in client.fins)
            for stream in self.streams
        ]


def uploaded(recorded: RecordingInputs, stream: Stream) -> int:
    return len(recorded.received(stream.stream_id)) - len(b"request")


async def run_both(path: Path, steps: list[Step]) -> None:
    outcomes = []
    for fast_path in (True, False):
        scenario = Scenario(path, fast_path=fast_path)
        await scenario.run(steps)
        assert scenario.pair.client.terminated is None
        outcomes.append(scenario.outcome())
        for stream in scenario.streams:
            received = scenario.pair.client.received(stream.stream_id)
            assert stream.sent.startswith(received)
            if stream.is_ended:
                assert received == stream.sent
                assert stream.stream_id in scenario.pair.client.fins
    assert outcomes[0] == outcomes[1]


# Keys changed twice before anything was acknowledged.
@example(Path(0.2, 0.0, 3000, 30), [("send", 0, 165), KEYS, ("pause", 0, 0), KEYS])
@settings(max_examples=60)
@given(PATHS, STEPS)
def test_both_writers_bring_about_the_same_streams(path: Path, steps: list[Step]) -> None:
    asyncio.run(run_both(path, steps))
