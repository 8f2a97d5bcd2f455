"""Any application → the server serves, or is told once why not; shutdown always comes to its end.

Covers `asgi/lifespan.py`: answers in any order and form, questions asked too often, applications
that raise, return, cancel themselves or wait for what never comes. Allowed out of `send()` and
`receive()`: LocalProtocolError. An application that never answers keeps the server waiting, and
goes when the server gives up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from h3producer.asgi.errors import LifespanFailed
from h3producer.asgi.lifespan import Lifespan, LifespanState
from h3producer.errors import LocalProtocolError
from tests.fuzz.choices import Choices
from tests.fuzz.world import play
from tests.virtual import settle

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["SEEDS", "fuzz"]

MAX_STEPS = 12

RECEIVE, SEND, SEND_CAREFULLY, PASS, LEAVE = range(5)
RETURN, RAISE, EXIT, CANCELED, CANCEL = range(5)

ANSWERS: tuple[object, ...] = (
    {"type": "lifespan.startup.complete"},
    {"type": "lifespan.startup.failed", "message": "no database"},
    {"type": "lifespan.shutdown.complete"},
    {"type": "lifespan.shutdown.failed", "message": "no database"},
    {"type": "lifespan.startup.failed", "message": 7},
    {"type": "http.response.start", "status": 200},
    {"type": []},
    {},
    None,
    "lifespan.startup.complete",
)
READY, FAILED, DONE, NOT_DONE = range(4)


def send(answer: int, kind: int = SEND) -> bytes:
    return bytes((kind, answer))


ASK = bytes((RECEIVE,))
STARTED = ASK + send(READY)

SEEDS = {
    "by the book": STARTED + ASK + send(DONE),
    "refuses to start": ASK + send(FAILED),
    "fails to stop": STARTED + ASK + send(NOT_DONE),
    "never answers": ASK + ASK,
    "answers before it is asked": send(READY) + ASK + ASK + send(DONE),
    "answers twice": STARTED + send(READY, SEND_CAREFULLY) + ASK + send(DONE),
    "asks too often": STARTED + ASK + send(DONE) + ASK,
    "no message": ASK + send(8, SEND_CAREFULLY) + send(6, SEND_CAREFULLY) + send(READY),
    **{f"leaves at once, {how}": bytes((LEAVE, how)) for how in range(5)},
    **{f"leaves while it is served, {how}": STARTED + bytes((LEAVE, how)) for how in range(5)},
    **{f"leaves at the end, {how}": STARTED + ASK + bytes((LEAVE, how)) for how in range(5)},
}


def fuzz(data: bytes) -> None:
    play(Trial(Choices(data)).run())


class Trial:
    """One run of an application's lifespan."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.accepted: list[object] = []
        self.exits_early = False
        self.surprise: Exception | None = None

    async def run(self) -> None:
        self.lifespan = lifespan = Lifespan(self.app, {})
        startup = asyncio.create_task(lifespan.startup())
        await settle()
        if not startup.done():
            assert lifespan.state is LifespanState.STARTING, "It was told, and waits."
            startup.cancel()
        outcome = (await asyncio.gather(startup, return_exceptions=True))[0]
        self.check_start(outcome)
        shutdown = asyncio.create_task(lifespan.shutdown())
        await settle()
        if not shutdown.done():
            assert lifespan.state is LifespanState.STOPPING, "It was told, and waits."
            shutdown.cancel()
        await asyncio.gather(shutdown, return_exceptions=True)
        await settle()
        assert lifespan._task is not None
        assert lifespan._task.done(), "The application outlives the server."
        await asyncio.gather(lifespan._task, return_exceptions=True)
        if self.surprise is not None:
            raise self.surprise

    def check_start(self, outcome: BaseException | None) -> None:
        failures = [each for each in self.accepted if each in ANSWERS[FAILED : FAILED + 1]]
        has_failed = bool(failures) or ANSWERS[4] in self.accepted
        if isinstance(outcome, asyncio.CancelledError):
            assert not self.accepted
        elif isinstance(outcome, LifespanFailed):
            assert has_failed or self.exits_early
        else:
            assert outcome is None
            assert not has_failed
            assert not self.exits_early

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(MAX_STEPS):
            if not self.choices:
                break
            kind = self.choices.below(5)
            if kind == RECEIVE:
                await receive()
            elif kind == PASS:
                await asyncio.sleep(0)
            elif kind == LEAVE:
                self.left_by(self.choices.below(5))
                return
            else:
                await self.send(send, self.choices.pick(ANSWERS), carefully=kind == SEND_CAREFULLY)

    async def send(self, send: Send, answer: object, *, carefully: bool) -> None:
        try:
            await send(cast("dict[str, Any]", answer))  # the point is that it may not be one
        except LocalProtocolError:
            if not carefully:
                raise
        except Exception as error:
            self.surprise = error
            raise
        else:
            self.accepted.append(answer)

    def left_by(self, how: int) -> None:
        if how == RAISE:
            raise ValueError("a bug")
        if how == EXIT:
            self.exits_early = not self.accepted
            raise SystemExit(3)
        if how == CANCELED:
            raise asyncio.CancelledError
        if how == CANCEL:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
