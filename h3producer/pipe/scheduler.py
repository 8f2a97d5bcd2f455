"""Where the continuation of a waiting read or flush runs.

This file knows three places: here (`inline`), an event loop (`loop`), or whatever an object
with `schedule(action, state)` does. It refuses to know what the continuation is.

What differs from .NET, and why. Upstream's default is the thread pool, ours is `inline`:
Python code of one event loop gains nothing from a thread hop. An `InlineTask` continues in the
very place the scheduler chose, as upstream's continuations do. An asyncio task cannot be run
by anybody but its loop, so for a task the scheduled action only tells its loop, thread-safely,
that the task may go on; `PipeScheduler.loop` then costs one pass of the loop more than
`inline` and changes nothing else. And since nothing here blocks a thread, upstream's warning
that inline can dead-lock shrinks to this: an inline reader runs inside the writer's `flush`,
so what it does, the writer waits for.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PipeScheduler", "Schedules", "crosses_threads", "run_by"]

S = TypeVar("S")


class Schedules(Protocol):
    """All that a pipe asks of a scheduler; any object with this method will do."""

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        """Run `action(state)` once: now or later, here or in another thread."""


class PipeScheduler(ABC):
    """Base of the ready-made schedulers, and where to get them (upstream `PipeScheduler`).

    A subclass, or any other object with `schedule`, may run actions in a thread of its own.
    A pipe takes a lock around its state as soon as one of its schedulers crosses threads: set
    `crosses_threads = False` on a scheduler that never does, to save that lock.
    """

    crosses_threads: bool = True
    inline: ClassVar[PipeScheduler]
    """Run at once, on the stack of the call that woke the waiter."""

    @abstractmethod
    def schedule(self, action: Callable[[S], object], state: S) -> None:
        """Run `action(state)` once: now or later, here or in another thread."""

    @staticmethod
    def loop(loop: asyncio.AbstractEventLoop | None = None) -> PipeScheduler:
        """Run in the next pass of `loop`; `None` means the loop running where the wake happens.

        Naming a loop makes the pipe safe for an end that lives in that loop's thread.
        """
        return _RunningLoopScheduler() if loop is None else _LoopScheduler(loop)


class _InlineScheduler(PipeScheduler):
    crosses_threads = False

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        action(state)


class _RunningLoopScheduler(PipeScheduler):
    crosses_threads = False

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        asyncio.get_running_loop().call_soon(action, state)


class _LoopScheduler(PipeScheduler):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        self._loop.call_soon_threadsafe(action, state)


PipeScheduler.inline = _InlineScheduler()


def crosses_threads(scheduler: Schedules) -> bool:
    """Whether a pipe must take a lock for this scheduler: an unknown one is taken to cross."""
    return bool(getattr(scheduler, "crosses_threads", True))


def run_by(scheduler: Schedules, action: Callable[[S], object]) -> Callable[[S], object]:
    """`action`, run where this scheduler wants it; the very action if that is inline."""
    return action if scheduler is PipeScheduler.inline else partial(scheduler.schedule, action)
