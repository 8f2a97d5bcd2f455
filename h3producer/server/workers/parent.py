"""How a parent is put together: sockets, certificate, workers, signals, and who is told.

This file knows which part is given to which. It refuses to know what any of them does.

Its one rule: what can be wrong with the settings is found out before the first worker starts.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from h3producer.server.admin import admin_listener
from h3producer.server.certificates.files import CertificateFiles, state_directory
from h3producer.server.certificates.hints import url_of
from h3producer.server.certificates.presented import presented_credentials
from h3producer.server.health import Health, HealthState
from h3producer.server.service_manager import ServiceManager
from h3producer.server.signals import captured_signals
from h3producer.server.tcp.sockets import SERVING
from h3producer.server.workers.assignment import Assignment
from h3producer.server.workers.changes import changed_files
from h3producer.server.workers.grounds import Grounds
from h3producer.server.workers.process import WorkerProcess
from h3producer.server.workers.reload import Reloader
from h3producer.server.workers.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from h3producer.config import Config
    from h3producer.observe.observer import Sight
    from h3producer.server.workers.process import Worker

__all__ = ["run_reloading", "run_workers"]

logger = logging.getLogger("h3producer.error")

RELOAD_GRACE = 2.0
"""Seconds that open requests get when a file has changed: whoever waits for the new code does not
want to wait for a stream of events that never ends."""


def run_workers(config: Config) -> None:
    """Be the parent of `config.workers` workers until INT or TERM. Raises `StartupError`."""
    asyncio.run(_Parent(config).supervise())


def run_reloading(config: Config) -> None:
    """Be the parent of one worker, renewed with each change, until INT or TERM.

    Raises `StartupError`.
    """
    asyncio.run(_Parent(config).reload())


class _Parent:
    """The process that the user started."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._grounds = Grounds(config)

    async def supervise(self) -> None:
        """See `run_workers`."""
        with self._grounds:
            self._prepare()
            supervisor = Supervisor(
                self._config.workers, self._grounds.slots, self._hire, self._grounds.steer
            )
            health = Health()
            with _signals(supervisor.signal_received):
                async with admin_listener(
                    self._config.admin_bind, health.answer, partial(_sights, supervisor)
                ):
                    await supervisor.start()
                    health.advance(HealthState.SERVING)
                    count = self._config.workers
                    self._announce("a worker" if count == 1 else f"{count} workers")
                    with ServiceManager().served():
                        await supervisor.wait_exit()
                    health.advance(HealthState.DRAINING)
                    await supervisor.stop()

    async def reload(self) -> None:
        """See `run_reloading`."""
        config = self._config
        grace = config.timeout_graceful_shutdown
        self._config = replace(
            config,
            drain_delay=0.0,
            limit_max_requests=None,
            timeout_graceful_shutdown=RELOAD_GRACE if grace is None else min(grace, RELOAD_GRACE),
        )
        with self._grounds:
            self._prepare()
            reloader = Reloader(lambda: self._hire(0, lambda _worker: None), changed_files(config))
            health = Health()
            health.advance(HealthState.SERVING)
            with _signals(reloader.signal_received):
                async with admin_listener(
                    config.admin_bind, health.answer, partial(_sights, reloader)
                ):
                    self._announce("a worker that is renewed when a file changes")
                    await reloader.run()

    def _prepare(self) -> None:
        self._grounds.bind()
        presented_credentials(self._config, self._grounds.addresses)

    def _announce(self, who: str) -> None:
        urls = ", ".join(url_of(host, port) for host, port in self._grounds.addresses)
        if over_tcp := self._grounds.tcp_addresses:
            logger.info(SERVING, ", ".join(url_of(host, port) for host, port in over_tcp))
        logger.info("Serving HTTP/3 (over UDP) on %s by %s; Ctrl-C stops.", urls, who)

    async def _hire(self, slot: int, retires: Callable[[Worker], None]) -> Worker:
        assignment = Assignment(config=_of_a_worker(self._config), place=self._grounds.place(slot))
        patience = self._config.timeout_worker_healthcheck
        return await WorkerProcess.launched(assignment, patience=patience, retires=retires)


def _of_a_worker(config: Config) -> Config:
    """The settings of one worker of many: it has no workers itself, and a certificate."""
    if config.certfile is None:
        # The parent has said what there is to say of it.
        files = CertificateFiles.in_directory(state_directory())
        files.ensure()
        config = replace(config, certfile=str(files.certfile), keyfile=str(files.keyfile))
    return replace(config, workers=1, reload=False)


async def _sights(workers: Supervisor | Reloader) -> dict[int, Sight]:
    """What the workers see that answer, by slot."""
    snapshots = await workers.snapshots()
    # The cast: that is what `worker.py` says.
    return {slot: cast("Sight", seen) for slot, seen in snapshots.items() if seen}


def _signals(received: Callable[[signal.Signals], None]) -> AbstractContextManager[None]:
    """Within the block the signals call `received`, from the event loop."""
    loop = asyncio.get_running_loop()

    def soon(number: signal.Signals) -> None:
        loop.call_soon_threadsafe(received, number)

    return captured_signals(soon, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU)
