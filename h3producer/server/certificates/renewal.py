"""A certificate that is renewed on disk while the server shows it.

This file knows two files, when they were last looked at, and who wants to hear. It refuses to know
what is in them (`credentials.py`) and who is shown it.

Its one rule: the old certificate is shown until the new one is whole. Whoever renews writes two
files, one after the other, so that for a moment they do not fit each other; that moment is not
worth a line in the log, what lasts is.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Final

from h3producer.server.certificates.credentials import load_credentials
from h3producer.server.errors import StartupError
from h3producer.server.service_manager import ServiceManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.server.certificates.credentials import Credentials

    _Stamp = tuple[int, int, int]
    """Modification time, inode and size: one of them changes with each way to write a file."""

__all__ = ["CertificateRenewal"]

logger = logging.getLogger("h3producer.error")

_PATIENCE: Final = 2
"""Looks at the same files, in a row, that may fail before it is said."""


class CertificateRenewal:
    """Looks at `config.certfile` and `keyfile`, and has `present` show what is new in them.

    `present` may raise `StartupError` for what cannot be shown.
    """

    def __init__(self, config: Config, present: Callable[[Credentials], None]) -> None:
        self._config = config
        self._present = present
        self._known = self._stamps()
        self._failures = 0
        self._asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self) -> None:
        """Have it look now, and say what it finds; from any thread or signal handler."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                self._loop.call_soon_threadsafe(self._asked.set)

    async def run(self) -> None:
        """Look every `config.certificate_interval` seconds, and when asked; until canceled."""
        self._loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._config.certificate_interval):
                    await self._asked.wait()
            was_asked = self._asked.is_set()
            self._asked.clear()
            with ServiceManager().reloaded() if was_asked else nullcontext():
                self.look(was_asked=was_asked)

    def look(self, *, was_asked: bool = False) -> None:
        """Read the files if they have changed, or if somebody asked for it."""
        certfile = self._config.certfile
        if certfile is None:
            if was_asked:
                logger.warning("There is no certificate file to read again.")
            return
        stamps = self._stamps()
        if stamps == self._known and not was_asked:
            return
        try:
            self._present(
                load_credentials(certfile, self._config.keyfile, self._config.keyfile_password)
            )
        except StartupError as error:
            self._failed(error, is_final=was_asked)
        else:
            self._known, self._failures = stamps, 0
            logger.info("New connections are shown the certificate that is now in '%s'.", certfile)

    def _failed(self, error: StartupError, *, is_final: bool) -> None:
        self._failures += 1
        if is_final or self._failures == _PATIENCE:
            logger.error("%s The certificate from before is still shown.", error)

    def _stamps(self) -> list[_Stamp | None]:
        config = self._config
        return [_stamp(path) for path in (config.certfile, config.keyfile) if path is not None]


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)  # behind a link, as in Kubernetes, is what it leads to
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
