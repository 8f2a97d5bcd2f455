"""A thread for the reader and one for the writer: the scheduler sample of the Pipelines page.

A scheduler is any object with `schedule(action, state)`. This one runs every action on one
dedicated thread, in order. What it is given is the continuation itself, because the two loops
run as inline tasks; no event loop is needed. (An asyncio task can only be continued by its own
loop: for that there is `PipeScheduler.loop(loop)`.)

A pipe with such a scheduler takes a lock around its state, never around a continuation.

    python examples/pipelines/single_thread_scheduler.py
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

from h3producer.pipe import Pipe, PipeOptions, PipeReader, PipeScheduler, PipeWriter, start_inline

if TYPE_CHECKING:
    from collections.abc import Callable

S = TypeVar("S")


class SingleThreadPipeScheduler(PipeScheduler):
    """Runs continuations on a single dedicated thread."""

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._do_work, name=name)
        self._thread.start()

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        self._queue.put(lambda: action(state))

    def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _do_work(self) -> None:
        while (action := self._queue.get()) is not None:
            action()


async def write_numbers(writer: PipeWriter, count: int, seen: set[str]) -> None:
    for number in range(count):
        await writer.write_async(b"%d\n" % number)
        seen.add(threading.current_thread().name)
    writer.complete()


async def count_lines(reader: PipeReader, seen: set[str], done: queue.SimpleQueue[int]) -> None:
    lines = 0
    while True:
        result = await reader.read()
        seen.add(threading.current_thread().name)
        lines += result.buffer.to_bytes().count(b"\n")
        reader.advance_to(result.buffer.end)
        if result.is_completed:
            break
    reader.complete()
    done.put(lines)


def main() -> None:
    write_scheduler = SingleThreadPipeScheduler("writer thread")
    read_scheduler = SingleThreadPipeScheduler("reader thread")
    # Tell the pipe what schedulers to use, and make it so narrow that both have to wait.
    options = PipeOptions(
        pause_writer_threshold=64,
        reader_scheduler=read_scheduler,
        writer_scheduler=write_scheduler,
    )
    pipe = Pipe(options)
    writers: set[str] = set()
    readers: set[str] = set()
    done: queue.SimpleQueue[int] = queue.SimpleQueue()
    read_scheduler.schedule(start_inline, count_lines(pipe.reader, readers, done))
    write_scheduler.schedule(start_inline, write_numbers(pipe.writer, 1000, writers))
    print(done.get(), "lines, written by", *writers, "and read by", *readers)
    write_scheduler.stop()
    read_scheduler.stop()


if __name__ == "__main__":
    main()
