"""Which nonces were used, remembered by a file: for several processes, and for the next start.

This file knows its form and how processes take turns at it. It refuses to know what nonces are for.
A process takes them out in blocks, so that it asks once in thousands of connection ids.

Its one rule: what a process took out never goes back. A block counts as used before its first
number is, and rather too much is lost than one number comes twice.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from typing import TYPE_CHECKING, Final

from h3producer.quic.balancing.assignment import AssignmentError
from h3producer.quic.balancing.nonces import CountedNonces, NoncesExhausted

if TYPE_CHECKING:
    from h3producer.quic.balancing.assignment import Assignment

__all__ = ["BLOCK", "FiledNonces"]

logger = logging.getLogger("h3producer.quic")

BLOCK: Final = 1 << 16
"""Nonces that are taken out at once: 16,000 connections, a millisecond of waiting for the disk. Of
the shortest nonces, with 4 bytes, there are 65,536 such blocks, and each start costs one."""

_MAX_FILE: Final = 1 << 20
"""Bytes of the file: a key takes 60, and is remembered for good."""


class FiledNonces:
    """Those of one assignment, taken out of the file at `path`, which is made if there is none.

    Raises `AssignmentError` if it cannot be used.
    """

    def __init__(self, path: str, assignment: Assignment) -> None:
        self._path = path
        self._length = assignment.config.nonce_length
        self._name = _name(assignment)
        self._behind = 0
        try:
            self._block = self._take()
        except NoncesExhausted:
            self._block = CountedNonces(self._length, count=0)
        except (ImportError, OSError, ValueError) as error:
            raise AssignmentError(f"Cannot use the nonce file {path!r}: {error}.") from error

    @property
    def left(self) -> int:
        """How many there were still when the last block was taken out, for all processes."""
        return self._behind + self._block.left

    def next(self) -> bytes:
        """One that no process was given before. Raises `NoncesExhausted`."""
        if not self._block.left:
            try:
                self._block = self._take()
            except (OSError, ValueError) as error:
                logger.error("Cannot use the nonce file %r any more: %s.", self._path, error)
                raise NoncesExhausted from error
        return self._block.next()

    def _take(self) -> CountedNonces:
        """The next block, written down as used."""
        import fcntl

        space = 1 << 8 * self._length
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            used = _parse(file.read(_MAX_FILE + 1))
            start, count = used.get(self._name, (int.from_bytes(os.urandom(self._length)), 0))
            size = min(BLOCK, space - count)
            if size <= 0:
                raise NoncesExhausted
            used[self._name] = start, count + size
            content = json.dumps(used).encode()
            if len(content) > _MAX_FILE:
                raise ValueError("it is full: begin another one with keys that are new")
            # Over what is there, which is never longer: if the power fails now, the file is broken
            # at worst, and never empty.
            file.seek(0)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._behind = space - count - size
        return CountedNonces(self._length, (start + count) % space, size)


def _parse(content: bytes) -> dict[str, tuple[int, int]]:
    """Where counting began and how many were taken out since, by assignment."""
    if not content:
        return {}
    if len(content) > _MAX_FILE:
        raise ValueError("it is too large to be one")
    try:
        entries = json.loads(content).items()
        return {name: (int(start), int(count)) for name, (start, count) in entries}
    except (AttributeError, TypeError, ValueError):
        # A file of ours that is broken may not be taken for one in which nothing was used.
        raise ValueError("it is none, or broken; remove it together with the key") from None


def _name(assignment: Assignment) -> str:
    """What stands for key and server id: nobody learns either from it."""
    config = assignment.config
    what = b"%d %d " % (config.server_id_length, config.nonce_length) + assignment.server_id
    return hashlib.blake2b(what, key=config.key or b"", digest_size=16).hexdigest()
