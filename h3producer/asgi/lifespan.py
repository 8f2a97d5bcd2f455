"""The `lifespan` protocol (ASGI lifespan spec 2.0): startup before the first request, shutdown
after the last.

This file knows the two questions and the four answers. It refuses to know sockets and requests.
Its one rule: the application runs in one task of its own from startup to shutdown, so that task
groups, cancel scopes and context variables that it opens at startup are closed where they were
opened; whatever it does, the server hears of it exactly once, and never waits for a dead task.

=========================================== ===================================================
The application                             the server
=========================================== ===================================================
sends startup.complete                      serves
sends startup.failed                        LifespanFailed with its message, whatever follows
raises before it answers startup            serves: the application has no lifespan
returns before it answers startup           serves: the application has no lifespan
raises SystemExit before it answers startup LifespanFailed with its message
raises or returns while the server serves   serves on; logs the error; no shutdown is sent
sends shutdown.complete                     is done, once the application has returned as well
sends shutdown.failed                       logs its message, is done
raises instead of answering shutdown        logs the error, is done
returns instead of answering shutdown       is done
answers shutdown and stays                  cancels it after EXIT_GRACE seconds
answers out of turn, or with no answer      raises LocalProtocolError at its `send()`
asks for more than startup and shutdown     raises LocalProtocolError at its `receive()`
=========================================== ===================================================
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import TYPE_CHECKING, Any

from h3producer.asgi.errors import LifespanFailed
from h3producer.asgi.types import ASGI_VERSION
from h3producer.errors import LocalProtocolError

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Message

__all__ = ["EXIT_GRACE", "Lifespan", "LifespanState"]

logger = logging.getLogger("h3producer.error")

EXIT_GRACE = 5.0
"""Seconds for an application to return after it has answered shutdown. What stands around it
(a middleware's `async with`) may still have something to close; five seconds are a guess that
no supervisor's patience contradicts."""

LIFESPAN_SPEC_VERSION = "2.0"


class LifespanState(Enum):
    """Where the application stands."""

    STARTING = "lifespan.startup.complete or lifespan.startup.failed"
    RUNNING = "nothing before lifespan.shutdown"
    STOPPING = "lifespan.shutdown.complete or lifespan.shutdown.failed"
    ENDED = "nothing more"


_S = LifespanState

_ANSWERS: dict[object, tuple[LifespanState, LifespanState]] = {
    "lifespan.startup.complete": (_S.STARTING, _S.RUNNING),
    "lifespan.startup.failed": (_S.STARTING, _S.ENDED),
    "lifespan.shutdown.complete": (_S.STOPPING, _S.ENDED),
    "lifespan.shutdown.failed": (_S.STOPPING, _S.ENDED),
}
"""Each answer: the state it is due in, and the state after it."""

_NO_ANSWER = (None, _S.ENDED)


class Lifespan:
    """One run of an application's lifespan: `startup` once, then `shutdown` once."""

    def __init__(self, app: AsgiApp, state: dict[str, Any]) -> None:
        """`state` is the namespace that the application fills at startup."""
        self._app = app
        self._namespace = state
        self._state = LifespanState.STARTING
        self._questions = ["lifespan.shutdown", "lifespan.startup"]
        self._answered = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failure: str | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> LifespanState:
        return self._state

    async def startup(self) -> None:
        """Wait until the application is ready, or has shown that it has no lifespan.

        Raises LifespanFailed if it refuses. Cancelling the wait cancels the application.
        """
        self._task = asyncio.create_task(self._run(), name="h3producer lifespan")
        await self._answer(self._task)
        if self._failure is not None:
            await _leave(self._task)
            raise LifespanFailed(self._failure)

    async def shutdown(self) -> None:
        """Ask the application to clean up and wait until it has; at once if it is not running.

        Raises nothing, what goes wrong is logged. Cancelling the wait cancels the application.
        """
        if self._task is None or self._state is not LifespanState.RUNNING:
            return
        self._state = LifespanState.STOPPING
        self._answered.clear()
        self._stopping.set()
        await self._answer(self._task)
        await _leave(self._task)

    async def _answer(self, task: asyncio.Task[None]) -> None:
        try:
            await self._answered.wait()
        except asyncio.CancelledError:
            self._state = LifespanState.ENDED
            task.cancel()
            await _leave(task)
            raise

    # The application's side

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": ASGI_VERSION, "spec_version": LIFESPAN_SPEC_VERSION},
            "state": self._namespace,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError):
            self._state = LifespanState.ENDED
            self._answered.set()
            raise
        except BaseException as error:  # SystemExit too: the server decides when it ends
            self._left(error)
        else:
            self._left(None)

    async def _receive(self) -> dict[str, Any]:
        is_over = self._state is LifespanState.ENDED
        if len(self._questions) == 1 and not is_over:
            await self._stopping.wait()
        if is_over or not self._questions:
            raise LocalProtocolError("There is no more lifespan message to come.")
        return {"type": self._questions.pop()}

    async def _send(self, message: Message) -> None:
        try:
            kind = message.get("type")
            due, after = _ANSWERS.get(kind, _NO_ANSWER)
        except (AttributeError, TypeError):
            raise LocalProtocolError(f"{message!r} is no ASGI message.") from None
        if due is not self._state:
            raise LocalProtocolError(f"The application sent {kind!r}; due is {self._state.value}.")
        self._state = after
        if kind == "lifespan.startup.failed":
            self._failure = str(message.get("message", ""))
        elif kind == "lifespan.shutdown.failed":
            self._failure = str(message.get("message", ""))
            logger.error("The application failed to shut down: %s", self._failure)
        self._answered.set()

    def _left(self, error: BaseException | None) -> None:
        """The application has returned or raised; what that means depends on when."""
        state, self._state = self._state, LifespanState.ENDED
        if state is LifespanState.STARTING:
            if isinstance(error, SystemExit):
                self._failure = f"The application raised {error!r}."
            else:
                logger.info("The application has no lifespan (%r).", error)
        elif state is LifespanState.RUNNING:
            logger.error("The application's lifespan ended too early.", exc_info=error)
        elif error is not None and self._failure is None:
            logger.error("Exception in the application's lifespan.", exc_info=error)
        self._answered.set()


async def _leave(task: asyncio.Task[None]) -> None:
    """Wait until the application has returned; after EXIT_GRACE make it."""
    await asyncio.wait({task}, timeout=EXIT_GRACE)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=EXIT_GRACE)
