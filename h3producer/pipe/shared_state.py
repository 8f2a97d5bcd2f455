"""A pipe's state for two threads: the same transitions, one at a time.

This file knows one lock. It refuses to know what a transition does. A pipe uses it only if one
of its schedulers crosses threads, because the lock doubles the price of a write and a read.
Its one rule is kept by `state.py`: no transition runs a continuation, so none runs under the
lock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from h3producer.pipe.state import PipeState
from h3producer.pipe.wakeup import SharedWakeup

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.pipe.options import PipeOptions

__all__ = ["SharedPipeState"]

P = ParamSpec("P")
R = TypeVar("R")


def under_lock(
    transition: Callable[Concatenate[SharedPipeState, P], R],
) -> Callable[Concatenate[SharedPipeState, P], R]:
    """The same transition, one at a time."""

    def locked(self: SharedPipeState, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return transition(self, *args, **kwargs)

    return locked


class SharedPipeState(PipeState):
    """The state of a pipe whose ends may live in two threads."""

    __slots__ = ("lock",)

    new_wakeup = SharedWakeup

    def __init__(self, options: PipeOptions) -> None:
        self.lock = threading.RLock()  # some transitions use others
        super().__init__(options)

    get_memory = under_lock(PipeState.get_memory)
    advance_write = under_lock(PipeState.advance_write)
    commit = under_lock(PipeState.commit)
    begin_flush_wait = under_lock(PipeState.begin_flush_wait)
    take_flush = under_lock(PipeState.take_flush)
    abandon_flush = under_lock(PipeState.abandon_flush)
    cancel_flush = under_lock(PipeState.cancel_flush)
    complete_writer = under_lock(PipeState.complete_writer)
    begin_read = under_lock(PipeState.begin_read)
    release_writer = under_lock(PipeState.release_writer)
    try_read = under_lock(PipeState.try_read)
    take_read = under_lock(PipeState.take_read)
    abandon_read = under_lock(PipeState.abandon_read)
    advance_read = under_lock(PipeState.advance_read)
    cancel_read = under_lock(PipeState.cancel_read)
    complete_reader = under_lock(PipeState.complete_reader)
    reset = under_lock(PipeState.reset)
