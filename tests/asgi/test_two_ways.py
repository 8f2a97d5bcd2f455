"""An application whose response goes straight, and the same one through the pump: one trace.

Hypothesis writes the application, message by message, and plays the client and its window between
them. What left, what each `send()` did, and when, must be the same both ways.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from h3producer.http3.data_pump import DataPump
from h3producer.http3.frame_writer import MAX_DATA_PAYLOAD
from tests.asgi.exchange import END, START, TRAILERS, Exchange, body, start
from tests.http3.test_data_pump import MARK, SIZES, MarkedTransport

if TYPE_CHECKING:
    from h3producer.asgi.types import Message, Receive, Scope, Send

MOST_FRAMES = 30
"""Of all parts of a response together: so often may it wait for room."""

MESSAGES: dict[str, Message] = {
    "start": START,
    "start with a length": start(200, content_length="5"),
    "start with a priority": start(200, priority="u=1"),
    "start without content": start(204),
    "start with trailers": {**START, "trailers": True},
    "end": END,
    "trailers": TRAILERS,
    "hint": {"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload"]},
    "mutable": {"type": "http.response.body", "body": bytearray(b"mutable")},
    "no bytes": {"type": "http.response.body", "body": "text"},
    "nonsense": {"type": "http.response.nonsense"},
}


class Step(NamedTuple):
    """What happens, and what the application sends then: a part of so many bytes, or a message."""

    event: str
    message: int | str

    @property
    def sent(self) -> Message:
        return (
            body(bytes(self.message), more=True)
            if isinstance(self.message, int)
            else (MESSAGES[self.message])
        )


EVENTS = st.sampled_from(["nothing"] * 6 + ["take some", "take all", "stop", "reset", "lose"])
STEPS = st.builds(Step, EVENTS, SIZES | SIZES | st.sampled_from(sorted(MESSAGES)))


def happen(event: str, exchange: Exchange, transport: MarkedTransport) -> None:
    match event:
        case "take some":
            transport.take(0, MARK // 2)
        case "take all":
            transport.take(0, 100 * MARK)
        case "stop":
            exchange.stop()
        case "reset":
            exchange.reset()
        case "lose":
            transport.lose()


async def trace(steps: list[Step], method: str) -> list[object]:
    """All that was to be seen after each step, and after the end."""
    outcomes: list[str] = []
    turns: asyncio.Queue[Message | None] = asyncio.Queue()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await turns.get()) is not None:
            try:
                await send(message)
                outcomes.append("sent")
            except Exception as error:
                outcomes.append(repr(error))

    transport = MarkedTransport()
    exchange = Exchange(app, method=method, transport=transport)
    seen: list[object] = []

    async def look() -> None:
        await exchange.until_idle()
        seen.append(([*transport.calls], dict(transport.resets), [*outcomes]))

    for step in steps:
        happen(step.event, exchange, transport)
        turns.put_nowait(step.sent)
        await look()
    turns.put_nowait(None)
    for _ in range(MOST_FRAMES):
        happen("take all", exchange, transport)
        await look()
    await exchange.finished()
    return seen


@given(
    steps=st.lists(STEPS, max_size=8),
    begins=st.booleans(),
    method=st.sampled_from(["GET", "GET", "HEAD"]),
)
@example(steps=[Step("nothing", 5), Step("nothing", "end")], begins=True, method="GET")
@example(steps=[Step("nothing", MARK)] * 3, begins=True, method="GET")
@example(steps=[Step("nothing", MAX_DATA_PAYLOAD)] * 3, begins=True, method="GET")
def test_nobody_can_tell_which_way_a_response_goes(
    steps: list[Step], begins: bool, method: str
) -> None:
    steps = [Step("nothing", "start")] * begins + steps
    before, traces = DataPump.goes_straight, []
    try:
        for goes_straight in (True, False):
            DataPump.goes_straight = goes_straight
            traces.append(asyncio.run(trace(steps, method)))
    finally:
        DataPump.goes_straight = before
    assert traces[0] == traces[1]
