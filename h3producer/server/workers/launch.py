"""A fresh interpreter for a worker: its command, what it inherits, and its end of the channel.

This file knows processes. It refuses to know what a worker does and when one is needed.

Its one rule: nothing of the parent is copied. A worker imports the application itself, so that one
that is started later serves what is on disk then.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.server.workers.channel import Channel, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h3producer.server.workers.assignment import Assignment

__all__ = ["launch"]

_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[2]); "
    "from h3producer.server.workers.worker import main; main(int(sys.argv[1]))"
)
"""Not `-m`, which looks for us in the working directory and wherever else, and may find another."""

_ROOT = Path(__file__).parents[3]


async def launch(assignment: Assignment) -> tuple[asyncio.subprocess.Process, Channel]:
    """Start a worker and tell it what it is. Raises OSError if the system has no room for one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *_interpreter_options(),
                "-c",
                _PROGRAM,
                str(theirs.fileno()),
                str(_ROOT),
                pass_fds=(theirs.fileno(), *assignment.place.fds),
            )
    except OSError:
        ours.close()
        raise
    ours.setblocking(False)
    channel = await Channel.over(ours)
    channel.say(Word.START, assignment.encode())
    return process, channel


def _interpreter_options() -> Iterator[str]:
    """The options of this interpreter that change what a program does."""
    yield from (f"-W{each}" for each in sys.warnoptions)
    yield from ("-O" for _ in range(sys.flags.optimize))
    if sys.flags.dev_mode:
        yield "-Xdev"
    if sys.flags.utf8_mode:
        yield "-Xutf8"
