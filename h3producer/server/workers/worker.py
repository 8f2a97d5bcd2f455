"""The child: a `Server` like any other, but that it has its sockets from its parent and obeys it.

This file knows the words of a parent and what each means to a server. It refuses to know other
workers. Its one rule: without a parent it ends, gracefully; it never outlives who looks after it.

| what it hears | what it does |
|---|---|
| DRAIN, STOP, or the end of the channel | stops as `server.py` says, STOP with its `drain_delay` |
| FORCE | stops now |
| TERM | asks to retire, so that another serves before it stops |
| INT, HUP | nothing: a terminal sends them to the parent as well, which knows what to do |
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import signal
import socket
import sys
from dataclasses import replace
from typing import NoReturn

from h3producer.config import ConfigError
from h3producer.server.causes import show_cause
from h3producer.server.collector import spared_collector
from h3producer.server.errors import StartupError
from h3producer.server.event_loop import loop_factory
from h3producer.server.latch import Latch
from h3producer.server.listeners import UdpListeners
from h3producer.server.logging import configure_logging
from h3producer.server.server import Server
from h3producer.server.sides import listeners_of
from h3producer.server.signals import captured_signals
from h3producer.server.workers.assignment import Assignment
from h3producer.server.workers.channel import Channel, ChannelError, Word, receive_first

__all__ = ["main"]


def main(channel: int) -> NoReturn:
    """Be the worker at this end of a channel, a file descriptor, and exit: with 3 if it cannot
    start."""
    for number in (signal.SIGINT, signal.SIGHUP):
        # Not `SIG_IGN`, which programs that the application starts would inherit.
        signal.signal(number, lambda *_: None)
    sock = socket.socket(fileno=channel)
    first = receive_first(sock)
    if first is None or first[0] is not Word.START:
        sys.exit(0)  # the parent is gone already
    assignment = Assignment.decode(first[1])
    for descriptor in (channel, *assignment.place.fds):
        os.set_inheritable(descriptor, False)  # a child of the application's is no worker
    sys.path[:] = assignment.path
    sys.argv[:] = assignment.arguments
    if sys.stderr is not None:
        faulthandler.enable()  # a worker that hangs is sent ABRT, and says where
    configure_logging(assignment.config)
    with asyncio.Runner(loop_factory=loop_factory(assignment.config.loop)) as runner:
        sys.exit(runner.run(_serve(assignment, sock)))


async def _serve(assignment: Assignment, sock: socket.socket) -> int:
    sock.setblocking(False)
    channel = await Channel.over(sock)
    worker = _Worker(assignment, channel)
    try:
        await worker.serve()
    except (StartupError, ConfigError) as error:
        show_cause(error)
        channel.say(Word.FAILED, json.dumps(str(error)).encode())
        return 3
    finally:
        await channel.close()
    return 0


class _Worker:
    """One worker, once."""

    def __init__(self, assignment: Assignment, channel: Channel) -> None:
        self._channel = channel
        self._exit = Latch()
        config, place = assignment.config, assignment.place
        if place.tcp_sockets:
            config = replace(config, tcp_bind=tuple(f"fd://{each}" for each in place.tcp_sockets))
        udp = UdpListeners(config, place=place)
        self._observer = udp.observer
        self._telling: asyncio.Task[None] | None = None
        self._server = Server(config, listeners=listeners_of(config, udp), retire=self._retire)

    async def serve(self) -> None:
        """Serve until told to stop. Raises `StartupError`."""
        loop = asyncio.get_running_loop()

        def signal_received(number: signal.Signals) -> None:
            if number is signal.SIGTERM:
                loop.call_soon_threadsafe(self._retire)

        listening = asyncio.create_task(self._listen())
        try:
            with captured_signals(signal_received):
                async with self._server:
                    self._channel.say(Word.READY)
                    with spared_collector():
                        await self._exit.wait()
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        try:
            async for word, body in self._channel:
                self._hear(word, body)
        except ChannelError:
            pass  # as good as gone
        self._exit.set()

    def _hear(self, word: Word, body: bytes) -> None:
        if word is Word.PING:
            self._channel.say(Word.PONG)
        elif word is Word.DRAIN:
            self._server.has_successor = True
            self._exit.set()
        elif word is Word.STOP:
            self._exit.set()
        elif word is Word.FORCE:
            self._server.force_exit = True
            self._exit.set()
        elif word is Word.SNAPSHOT:
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        """Say what this worker sees."""
        self._channel.say(Word.FACTS, json.dumps(await self._observer.sight()).encode())

    def _retire(self) -> None:
        self._channel.say(Word.RETIRE)
