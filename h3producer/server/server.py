"""The life of a server, as two lists of steps; nothing else here is more than a line of them.

**Start.** A failure undoes the steps before it and raises `StartupError`.

1. Load the application and see what kind it is.
2. Bind the sockets: a port in use is found out before anything else has been started.
3. Read the certificate and its key. If none is named and all addresses are loopback ones, use
   this machine's development certificate, made now if need be; on other addresses refuse.
4. ASGI lifespan startup.
5. Answer clients. Now `started` is true, and `health` says "serving".

**Stop**, when `should_exit` is set, INT or TERM comes, or the `async with` block ends.

1. Let `health` say "draining" and change nothing else for `drain_delay` seconds: load balancers
   find out in that time, and send new clients elsewhere. But where there is a successor, they
   have nothing to find out: then take no new connections, say GOAWAY, and go on for a moment with
   those that are there, or about to be, so that nobody is refused who has not heard it yet.
2. Take no new connections.
3. Send GOAWAY on each connection: what was accepted goes on, what comes now is rejected, so that
   the client may repeat it elsewhere.
4. Wait until all requests are done, at most `timeout_graceful_shutdown` seconds.
5. Close what connections are left, with H3_NO_ERROR: their requests hear of a disconnect, and
   get a second to leave by themselves.
6. Cancel the requests that are still in the application; each gets 5 seconds to leave.
7. ASGI lifespan shutdown.
8. Close the sockets.

`force_exit`, a second INT, or an exception that leaves the `async with` block ends every wait
of these steps at once, in whichever step it comes. No step is left out. A third INT raises
KeyboardInterrupt wherever the program is, for code that never lets the event loop run.

In between, the certificate's files are read again when they change, and on HUP.

This file refuses to know QUIC (`listeners.py`), ASGI (`application.py`) and what a request does.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import signal
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, nullcontext
from random import randint
from typing import TYPE_CHECKING

from h3producer.server.admin import admin_listener
from h3producer.server.application import Application
from h3producer.server.certificates.hints import url_of
from h3producer.server.certificates.presented import presented_credentials
from h3producer.server.certificates.renewal import CertificateRenewal
from h3producer.server.collector import spared_collector
from h3producer.server.errors import StartupError
from h3producer.server.event_loop import loop_factory
from h3producer.server.exits import Exits
from h3producer.server.health import Health, HealthAnswers, HealthState
from h3producer.server.request_limit import RequestLimit
from h3producer.server.requests import Requests
from h3producer.server.service_manager import ServiceManager
from h3producer.server.sides import listeners_of
from h3producer.server.signals import ENDS, captured_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from h3producer.config import Config
    from h3producer.http3.stream import Handler
    from h3producer.server.listeners import Listeners

__all__ = ["Server"]

logger = logging.getLogger("h3producer.error")

LEAVE_GRACE = 1.0
"""Seconds in which requests are still taken behind a GOAWAY, where there is a successor: a round
trip to anywhere, and many clients that never look at a GOAWAY have had all they wanted by then.
h2o waits as long."""
DISCONNECT_GRACE = 1.0
"""Seconds that a request gets to leave after it has heard of the disconnect. An application that
listens needs a moment; one that does not will not hear it later either."""
CANCEL_GRACE = 5.0
"""Seconds that a cancelled request gets to leave: enough to roll back a transaction. What ignores
its cancellation for longer is left behind and logged."""


class _Phase(enum.IntEnum):
    """Where in its one life a server is."""

    NEW = 0
    STARTING = 1
    SERVING = 2
    STOPPING = 3
    STOPPED = 4


class Server:
    """Serves `config.app` once: by `run()`, by `await serve()`, or as `async with Server(config)`.

    `should_exit` and `force_exit` may be set from any thread. One server is one process: workers
    and `reload` are for `run`, which starts others.
    """

    def __init__(
        self,
        config: Config,
        *,
        listeners: Listeners | None = None,
        retire: Callable[[], None] | None = None,
    ) -> None:
        """`listeners` replaces the UDP sockets: a worker was given its own.

        `retire` is called when `limit_max_requests` is reached; None: the server stops then. With
        it, somebody else says where we serve and when we stop.
        """
        self.config = config
        self.has_successor = False
        """Whether somebody else serves the same addresses, and has all new clients already."""
        self.health = Health()
        """What load balancers are told; for whoever answers them over another protocol."""
        self._listeners = listeners_of(config) if listeners is None else listeners
        self._phase = _Phase.NEW
        self._exits = Exits()
        self._undo = AsyncExitStack()
        self._requests: Requests | None = None
        self._renewal = CertificateRenewal(config, self._listeners.present)
        self._retire = retire
        self._life = logging.INFO if retire is None else logging.DEBUG
        """The level at which it tells of its life."""

    # What a program may see and do

    @property
    def started(self) -> bool:
        """Whether clients are, or have been, answered."""
        return self._phase >= _Phase.SERVING

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each socket, once they are bound: what port 0 became."""
        return self._listeners.addresses

    @property
    def should_exit(self) -> bool:
        """Set to True to stop gracefully."""
        return self._exits.asked.is_set

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        if value:
            self._exits.asked.set()

    @property
    def force_exit(self) -> bool:
        """Set to True to stop now: no wait goes on."""
        return self._exits.forced.is_set

    @force_exit.setter
    def force_exit(self, value: bool) -> None:
        if value:
            self._exits.force()

    def run(self) -> None:
        """Serve in a new event loop, `Config.loop`, until INT or TERM; see `serve`.

        Takes the process to be its own: see `collector.py` and `service_manager.py`.
        """
        with asyncio.Runner(loop_factory=loop_factory(self.config.loop)) as runner:
            runner.run(self._serve(_own_process()))

    async def serve(self) -> None:
        """Serve until `should_exit` is set, or INT or TERM comes; return when all is closed.

        Takes INT and TERM for that long, if this is the main thread, and gives them back; HUP, too,
        if there is a certificate to be read again.
        Raises `StartupError`. Cancelling it is a stop by force.
        """
        await self._serve(nullcontext())

    async def _serve(self, while_serving: AbstractContextManager[None]) -> None:
        with captured_signals(self._signal_received, *self._other_signals()):
            async with self:
                with while_serving:
                    await self._exits.asked.wait()

    def _other_signals(self) -> tuple[signal.Signals, ...]:
        # Where there are no files, HUP goes on to mean that the terminal was closed.
        has_files = self.config.certfile is not None and hasattr(signal, "SIGHUP")
        return (signal.SIGHUP,) if has_files else ()

    async def __aenter__(self) -> Server:
        if self._phase is not _Phase.NEW:
            raise RuntimeError("A Server serves once; make another.")
        self._phase = _Phase.STARTING
        async with AsyncExitStack() as undo:
            await self._start(undo)
            self._undo = undo.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        if error is not None:
            self.force_exit = True
        assert self._requests is not None, "the block was entered, so all steps of the start ran"
        await self._stop(self._requests)

    def _signal_received(self, number: signal.Signals) -> None:
        if number not in ENDS:
            self._renewal.ask()
            return
        if number is signal.SIGINT and self.force_exit:
            # Somebody's code does not let the event loop run: Python's own way out.
            raise KeyboardInterrupt
        if number is signal.SIGINT and self.should_exit:
            self.force_exit = True
        self.should_exit = True

    # The steps

    async def _start(self, undo: AsyncExitStack) -> None:
        if self.config.workers > 1 or self.config.reload:
            raise StartupError("A Server is one process; call h3producer.run to have workers.")
        application = Application(self.config)
        undo.push_async_callback(self._listeners.close)
        self._listeners.bind()
        await undo.enter_async_context(self._operators())
        credentials = presented_credentials(self.config, self.addresses)
        if not await self._exits.unless_forced(undo.enter_async_context(application.lifespan())):
            raise StartupError("The server was stopped before it had started.")
        self._requests = Requests(application.handler, self.config)
        self._listeners.start(credentials, self._counted(self._requests))
        renewal = asyncio.create_task(self._renewal.run())
        undo.callback(renewal.cancel)
        self._phase = _Phase.SERVING
        self.health.advance(HealthState.SERVING)
        urls = ", ".join(url_of(host, port) for host, port in self.addresses)
        logger.log(self._life, "Serving HTTP/3 (over UDP) on %s; Ctrl-C stops.", urls)

    def _operators(self) -> AbstractAsyncContextManager[object]:
        """Where operators see it; those of a worker ask its parent."""
        observer = self._listeners.observer
        bind = None if observer.worker is not None else self.config.admin_bind
        return admin_listener(bind, self.health.answer, observer.sights)

    def _counted(self, handler: Handler) -> Handler:
        """With what stands before the application only if it was asked for."""
        limit, path = self.config.limit_max_requests, self.config.health_path
        if limit is not None:
            limit += randint(0, self.config.limit_max_requests_jitter)
            handler = RequestLimit(handler, limit, self._limit_reached)
        return handler if path is None else HealthAnswers(handler, self.health, path)

    def _limit_reached(self) -> None:
        if self._retire is not None:
            self._retire()
        elif not self.should_exit:
            logger.info("The server stops, since it has had as many requests as it was to have.")
            self.should_exit = True

    async def _stop(self, requests: Requests) -> None:
        self._phase = _Phase.STOPPING
        self.health.advance(HealthState.DRAINING)
        try:
            await self._let_others_know()
            logger.log(self._life, "Stopping; %d requests are under way.", len(requests))
            self._listeners.shutdown()
            if not await self._exits.unless_forced(
                self._drained(requests), self.config.timeout_graceful_shutdown
            ):
                self._log_cut(len(requests))
            self._listeners.close_connections()
            # By force, too, the disconnect is there before the cancellation: this is a few passes
            # of the loop even if no wait goes on.
            await self._exits.unless_forced(requests.wait_idle(), DISCONNECT_GRACE)
            left = await requests.cancel(CANCEL_GRACE)
            if left:
                logger.error("%d requests ignored their cancellation.", left)
        finally:
            await self._exits.unless_forced(self._undo.aclose())
            self._phase = _Phase.STOPPED
            logger.log(self._life, "Stopped.")

    async def _let_others_know(self) -> None:
        if self.has_successor:
            await self._exits.unless_forced(self._take_leave())
        elif delay := self.config.drain_delay:
            logger.log(self._life, "Draining: stopping in %g seconds.", delay)
            await self._exits.unless_forced(asyncio.sleep(delay))

    async def _take_leave(self) -> None:
        self._listeners.announce_shutdown()
        are_coming = True
        while are_coming:
            are_coming = self._listeners.handshakes > 0
            await asyncio.sleep(LEAVE_GRACE)

    @staticmethod
    def _log_cut(requests: int) -> None:
        if requests:
            logger.warning("%d requests were cut short.", requests)
        else:
            logger.info("Clients were left that have not acknowledged all they were sent.")

    async def _drained(self, requests: Requests) -> None:
        await self._listeners.wait_drained()
        await requests.wait_idle()


@contextmanager
def _own_process() -> Iterator[None]:
    with spared_collector(), ServiceManager().served():
        yield
