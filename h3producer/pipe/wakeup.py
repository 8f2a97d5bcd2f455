"""One waiter, woken once, on the stack of whoever wakes it.

This file knows how a coroutine stops at a `Wakeup` and how `wake` makes it go on. It refuses
to know what was waited for: pipes, drains and tests all wait with it.

Two kinds of callers can await a `Wakeup`. An `InlineTask` drives a coroutine without an event
loop: `wake()` runs it on, inline, before it returns (the read continuation of Kestrel's pipe
with `PipeScheduler.Inline`). No task switch, no future, no pass of the loop. An asyncio task
may await the same object: a `Wakeup` is future-like in the sense of `asyncio.isfuture` (it has
`_asyncio_future_blocking`), so a task waits on it as it does on its own futures, and `wake()`
has the loop continue the task in its next pass. Which of the two it is shows only when it
waits, and costs nothing when nobody has to.

The one rule: an inline continuation runs inside the call that woke it, so wake others last,
when your own state is in order.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Generic, NoReturn, Protocol, TypeVar, cast

from h3producer.pipe.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context

__all__ = ["InlineTask", "SharedWakeup", "Wakeup", "start_inline"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

# What became of a wait. Plain numbers, because every wait compares them.
PENDING, WOKEN, CANCELED = 0, 1, 2


class Continuation(Protocol):
    """What `Wakeup.park` remembers."""

    @property
    def resume(self) -> Callable[[], object]:
        """Go on, on this stack, or have the right loop do it."""


class Wakeup:
    """Something one coroutine awaits and somebody else wakes, once.

    `await wakeup` returns at once if `wake` came first. All methods belong to one thread;
    a `SharedWakeup` may be woken from another. Cancelling the waiting task raises
    `CancelledError` at the await and makes a later `wake` a no-op.
    """

    __slots__ = ("__weakref__", "_asyncio_future_blocking", "_message", "_outcome", "_waiter")

    _asyncio_future_blocking: bool
    _message: str | None

    def __init__(self) -> None:
        self._outcome = PENDING
        self._waiter: Continuation | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {('pending', 'woken', 'canceled')[self._outcome]}>"

    @property
    def is_woken(self) -> bool:
        """Whether the waiter has been told to go on, by `wake` or by its cancellation."""
        return self._outcome != PENDING

    def wake(self) -> None:
        """Let the waiter go on: an inline one now, a task in its loop's next pass.

        Never raises what the waiter raises. A second call is a no-op.
        """
        if not self._outcome:
            self._outcome = WOKEN
            waiter = self._waiter
            if waiter is not None:
                self._waiter = None  # it holds this wakeup, too
                waiter.resume()

    def park(self, waiter: Continuation) -> bool:
        """Have `wake` resume the waiter; False, and not remembered, if it was woken already."""
        if self._outcome:
            return False
        self._waiter = waiter
        return True

    def __await__(self) -> Generator[Wakeup, None, None]:
        if not self._outcome:
            self._asyncio_future_blocking = True
            yield self
        if self._outcome == CANCELED:
            self.result()

    # From here on: what an asyncio task asks of the future it waits on.

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the waiting task, which is the one that runs now."""
        return asyncio.get_running_loop()

    def add_done_callback(
        self, callback: Callable[[Wakeup], object], *, context: Context | None = None
    ) -> None:
        """Have `wake` schedule `callback(self)` in the running loop."""
        loop = asyncio.get_running_loop()
        waiter = _LoopCallback(partial(self._schedule(loop), callback, self, context=context))
        if not self.park(waiter):
            waiter.resume()

    def cancel(self, msg: str | None = None) -> bool:
        """End the wait with `CancelledError`; False if the waiter was told to go on before."""
        if self._outcome:
            return False
        self._message = msg
        self._outcome = CANCELED
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.resume()
        return True

    def result(self) -> None:
        """Raise `CancelledError` if the wait was cancelled."""
        if self._outcome == CANCELED:
            raise asyncio.CancelledError(*filter(None, [self._message]))

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> Callable[..., object]:
        return loop.call_soon


class SharedWakeup(Wakeup):
    """A `Wakeup` that any thread may wake.

    A task is then continued in its own loop, whatever thread wakes it; an inline continuation
    runs in the thread that wakes it. The lock is never held while either runs.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Let the waiter go on, from any thread. A second call is a no-op."""
        self._end(WOKEN)

    def cancel(self, msg: str | None = None) -> bool:
        """End the wait with `CancelledError`; False if the waiter was told to go on before."""
        self._message = msg
        return self._end(CANCELED)

    def park(self, waiter: Continuation) -> bool:
        """Have `wake` resume the waiter; False, and not remembered, if it was woken already."""
        with self._lock:
            return super().park(waiter)

    def _end(self, outcome: int) -> bool:
        with self._lock:
            if self._outcome:
                return False
            self._outcome = outcome
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.resume()
        return True

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> Callable[..., object]:
        return loop.call_soon_threadsafe


class _LoopCallback:
    """The continuation of an asyncio task: its loop steps it."""

    __slots__ = ("resume",)

    def __init__(self, resume: Callable[[], object]) -> None:
        self.resume = resume


class _TaskFailure(Failure):
    """What an inline task raised; says so in the log if nobody ever asks."""

    __slots__ = ("_is_seen", "_task_name")

    def __init__(self, task_name: str, error: BaseException) -> None:
        super().__init__(error)
        self._task_name = task_name
        self._is_seen = isinstance(error, asyncio.CancelledError)

    def reraise(self) -> NoReturn:
        """Raise the exception as it was when it was caught."""
        self._is_seen = True
        super().reraise()

    def __del__(self) -> None:
        if not self._is_seen:
            logger.error("! nobody awaited %s, which failed", self._task_name, exc_info=self.error)


class InlineTask(Generic[T]):
    """A coroutine that runs on the stack of whoever wakes it, without an event loop.

    Like an asyncio task it can be awaited, by any number of callers and any number of times;
    each gets the result or the exception. Unlike one, it continues inside `Wakeup.wake`. Where
    its coroutine awaits an asyncio future it continues in that future's loop, and after
    `asyncio.sleep(0)` in the next pass. Make one with `start_inline`.

    The coroutine runs in its waker's context and task, so it must not use what belongs to a
    task of its own: `asyncio.timeout`, `asyncio.TaskGroup`, `asyncio.current_task`.
    """

    __slots__ = ("__weakref__", "_coroutine", "_is_done", "_outcome", "_waiters", "_waits_for")

    def __init__(self, coroutine: Coroutine[object, None, T]) -> None:
        self._coroutine = coroutine
        self._is_done = False
        self._outcome: T | _TaskFailure | None = None
        self._waiters: list[Wakeup] = []
        self._waits_for: Wakeup | asyncio.Future[object] | None = None

    def __repr__(self) -> str:
        state = "done" if self._is_done else "pending"
        name = getattr(self._coroutine, "__qualname__", "coroutine")
        return f"<InlineTask {name} {state}>"

    def done(self) -> bool:
        """Whether the coroutine has returned or raised."""
        return self._is_done

    def result(self) -> T:
        """What the coroutine returned, or raise what it raised.

        `asyncio.InvalidStateError` while it still runs.
        """
        if not self._is_done:
            raise asyncio.InvalidStateError("The inline task is not done.")
        outcome = self._outcome
        if isinstance(outcome, _TaskFailure):
            outcome.reraise()
        return cast("T", outcome)  # None stands for "not done" only, which is ruled out above

    def cancel(self) -> bool:
        """Raise `CancelledError` where the coroutine waits.

        False if it does not wait: it is done, or runs further up this very stack.
        """
        return self._waits_for is not None and self._waits_for.cancel()

    def __await__(self) -> Generator[object, None, T]:
        if not self._is_done:
            wakeup = SharedWakeup()
            self._waiters.append(wakeup)
            if self._is_done:  # in another thread, just now: it may have missed this waiter
                wakeup.wake()
            yield from wakeup.__await__()
        return self.result()

    def resume(self) -> None:
        """Run the coroutine on to its next wait; called by what it waited for."""
        step = self._coroutine.send
        while True:
            try:
                awaited = step(None)
            except StopIteration as stop:
                self._finish(stop.value)
                return
            except BaseException as error:
                self._finish(_TaskFailure(repr(self), error))
                if isinstance(error, (KeyboardInterrupt, SystemExit)):
                    raise
                return
            if isinstance(awaited, Wakeup):
                self._waits_for = awaited
                if awaited.park(self):
                    return
            else:
                self._follow(awaited)
                return

    def _follow(self, awaited: object) -> None:
        """Continue after something of asyncio's: a future, or `None` for one bare `yield`."""
        try:
            if awaited is None:
                asyncio.get_running_loop().call_soon(self.resume)
            elif isinstance(awaited, asyncio.Future):
                awaited._asyncio_future_blocking = False  # noqa: SLF001 - as each task does
                self._waits_for = awaited
                awaited.add_done_callback(self._future_done)
            else:
                raise TypeError(f"an InlineTask cannot await {awaited!r}")
        except (RuntimeError, TypeError) as error:
            self._coroutine.close()
            self._finish(_TaskFailure(repr(self), error))

    def _future_done(self, _future: asyncio.Future[object]) -> None:
        self.resume()

    def _finish(self, outcome: T | _TaskFailure) -> None:
        self._outcome = outcome
        self._is_done = True
        while self._waiters:
            self._waiters.pop(0).wake()


def start_inline(coroutine: Coroutine[object, None, T]) -> InlineTask[T]:
    """Run `coroutine` here and now up to its first wait, and return its task."""
    task = InlineTask(coroutine)
    task.resume()
    return task
