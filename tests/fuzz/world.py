"""An event loop for one input, and what must never be left behind in it.

This file knows tasks, the loop's own complaints, the log and the executor. It refuses to know what
is played. Its one rule: nothing here takes time, not even a thread.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["play"]


def play(scenario: Coroutine[object, None, None]) -> list[logging.LogRecord]:
    """Run the scenario to its end and give back what was logged as a warning or worse.

    Raises AssertionError if a task is left, if the loop had something to complain about, or if
    something was logged as critical: that would be an error of ours, whoever caused it.
    """
    log = _Log()
    loggers = [logging.getLogger(name) for name in ("h3producer", "asyncio", "quic")]
    before = [(logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(log)
        logger.propagate, logger.level = False, logging.WARNING
    try:
        asyncio.run(_to_its_end(scenario))
    finally:
        for logger, (propagates, level) in zip(loggers, before, strict=True):
            logger.removeHandler(log)
            logger.propagate, logger.level = propagates, level
    for record in log.records:
        if record.exc_info and isinstance(record.exc_info[1], AssertionError):
            raise record.exc_info[1]  # of the scenario's, in a place where the server caught it
        assert record.name != "asyncio", f"The loop complains: {_full(record)}"
        assert record.levelno < logging.CRITICAL, f"A fault of ours: {_full(record)}"
    return log.records


async def _to_its_end(scenario: Coroutine[object, None, None]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(_InlineExecutor())
    await scenario
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"Tasks are left: {left}"


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class _InlineExecutor(ThreadPoolExecutor):
    """Does at once, in the loop's own thread, what asyncio hands to a thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _full(record: logging.LogRecord) -> str:
    return logging.Formatter().format(record)
