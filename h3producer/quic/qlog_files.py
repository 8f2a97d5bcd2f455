"""qlog files: one for each connection of which notes are taken, in a directory that stays bounded.

    <RS>{"qlog_version":"0.3","qlog_format":"JSON-SEQ","trace":{…}}
    <RS>{"time":0.41,"name":"transport:packet_received","data":{…}}

This file knows the format (draft-ietf-quic-qlog-main-schema-05 §6.2, which is "0.3", the version
that qvis reads), how much is held in memory, and how much on disk. It refuses to know events.

Its one rule: a log that cannot be written costs a line in ours, and no connection.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from h3producer.http3.qlog.journal import Journal
from h3producer.quic.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["MAX_FILE", "MAX_FILES", "MAX_HELD", "QLOG_SUFFIX", "QlogDirectory", "QlogFile"]

logger = logging.getLogger("h3producer.quic")

QLOG_SUFFIX: Final = ".sqlog"
"""What qvis and others take for JSON text sequences (RFC 7464)."""

QLOG_VERSION: Final = "0.3"

MAX_HELD: Final = 128
"""Events of a connection that wait in memory to be written together: a tenth of a megabyte."""

MAX_FILE: Final = 32 * 1024 * 1024
"""Bytes of a connection's file: a download of some 80 MB. What happens then is not in it."""

MAX_FILES: Final = 4_096
"""Files in the directory: one of a connection that came to nothing has some hundred bytes, and
looking through as many takes a hundredth of a second."""

_LAST: Final = "connectivity:connection_closed"
"""What is not waited for: whoever looks at the file now misses nothing."""

SWEEPS: Final = 16
"""How many times the directory is looked through while as much is written as it may hold."""


class QlogDirectory:
    """Where the files go. Raises EngineError if it is no directory.

    All processes that write there together leave `max_size` bytes and MAX_FILES files, and a
    sixteenth more each: the oldest go.
    """

    def __init__(
        self, path: str, max_size: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = Path(path)
        self._max_size = max_size
        self._unswept_size = 0
        self._unswept_files = 0
        self._open: set[Path] = set()
        self.clock = clock
        """Seconds; by what the times of events are told."""
        if not self._path.is_dir():
            raise EngineError(f"Cannot write qlog files: {path!r} is no directory.")
        self._sweep()

    def open(self, name: str) -> QlogFile:
        """A new file; the name is that of the connection."""
        path = self._path / f"{name}{QLOG_SUFFIX}"
        self._unswept_files += 1
        self._open.add(path)
        return QlogFile(path, name, self)

    def written(self, size: int) -> None:
        """A file has grown."""
        self._unswept_size += size
        if (
            self._unswept_size >= self._max_size // SWEEPS
            or self._unswept_files >= MAX_FILES // SWEEPS
        ):
            self._sweep()

    def closed(self, path: Path) -> None:
        """A file is complete, and may go."""
        self._open.discard(path)

    def _sweep(self) -> None:
        self._unswept_size = self._unswept_files = 0
        found: list[tuple[float, int, Path]] = []
        for path in self._path.glob(f"*{QLOG_SUFFIX}"):
            try:
                facts = path.stat()
            except OSError:
                continue  # another process was quicker
            found.append((facts.st_mtime, facts.st_size, path))
        size, files = sum(each for _, each, _ in found), len(found)
        for _, freed, path in sorted(found):
            if size <= self._max_size and files <= MAX_FILES:
                break
            if path not in self._open and _remove(path):
                size -= freed
                files -= 1


def _remove(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("Cannot remove %s: %s", path, error.strerror)
        return False
    return True


class QlogFile(Journal):
    """The log of one connection; `close` it."""

    def __init__(self, path: Path, name: str, directory: QlogDirectory) -> None:
        self._path = path
        self._directory = directory
        self._clock = directory.clock
        self._start = self._clock()
        self._left = MAX_FILE
        self._held: list[Mapping[str, object]] = [_head(name)]
        self._growing: int | None = None
        self._write("w")

    def note(self, name: str, data: Mapping[str, object]) -> None:
        if self._left <= 0:
            return
        self._held.append(self._event(name, data))
        if len(self._held) >= MAX_HELD or name == _LAST:
            self._write()

    def note_growing(self, name: str, data: Mapping[str, object]) -> None:
        """An event whose `data` is added to until `settle`, or until the next such event."""
        self.settle()
        if self._left > 0:
            self._growing = len(self._held)
            self._held.append(self._event(name, data))

    def settle(self) -> None:
        """What was noted so far is all there is to it."""
        self._growing = None

    def close(self) -> None:
        """Write what is held, and be done."""
        self.settle()
        self._write()
        self._left = 0
        self._directory.closed(self._path)

    def _event(self, name: str, data: Mapping[str, object]) -> dict[str, object]:
        # Milliseconds, to the microsecond.
        moment = round((self._clock() - self._start) * 1000, 3)
        return {"time": moment, "name": name, "data": data}

    def _write(self, mode: str = "r+") -> None:
        """Append what is held. A file that somebody removed is not made anew, without its head."""
        end = len(self._held) if self._growing is None else self._growing
        if len(self._held) - end > MAX_HELD:
            end = len(self._held)  # nobody adds to an event for so long
        ready, self._held = self._held[:end], self._held[end:]
        self._growing = None if self._growing is None else 0
        text = "".join(self._lines(ready))
        if not text:
            return
        try:
            with self._path.open(mode, encoding="ascii") as file:
                file.seek(0, 2)
                file.write(text)
        except OSError as error:
            self._left = 0
            logger.warning("Cannot write %s: %s", self._path, error.strerror)
        self._directory.written(len(text))

    def _lines(self, records: list[Mapping[str, object]]) -> Iterator[str]:
        for record in records:
            if self._left <= 0:
                return
            # RFC 7464 §2.2: a record separator stands before each text, a line feed behind it.
            line = f"\x1e{json.dumps(record, separators=(',', ':'))}\n"
            self._left -= len(line)
            if self._left <= 0:
                words = {"message": f"This file has {MAX_FILE} bytes: no event follows."}
                warning = {"time": record["time"], "name": "generic:warning", "data": words}
                line = f"\x1e{json.dumps(warning, separators=(',', ':'))}\n"
            yield line


def _head(name: str) -> dict[str, object]:
    common = {
        "ODCID": name,
        "group_id": name,
        "protocol_type": ["QUIC", "HTTP3"],
        "time_format": "relative",
        "reference_time": round(time.time() * 1000, 3),
    }
    trace = {"vantage_point": {"name": "h3producer", "type": "server"}, "common_fields": common}
    return {"qlog_version": QLOG_VERSION, "qlog_format": "JSON-SEQ", "trace": trace}
