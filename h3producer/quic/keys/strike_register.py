"""What was used once must not be used again: a memory of ids, for a while and up to a number.

It may be shared with other processes; then what one has seen, all have. This file knows ids and
when they came. It refuses to know what is used with them: tickets are (`early_data.py`, RFC 8446
§8.1).

Its one rule: it forgets an id only when nobody could use it any more, so what has no room in it is
refused; and so is everything while it cannot be looked into, or the clock has gone back.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from typing import TYPE_CHECKING, Final

from h3producer.quic.siblings.shared_memory import Lock, map_memory

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["CLOCK_JITTER", "MAX_STRIKES", "REGISTER_SIZE", "StrikeRegister", "register_size"]

MAX_STRIKES: Final = 65_536
"""Ids that are remembered at most. A second's worth is two thousand, which is more sessions than a
process can resume."""

CLOCK_JITTER: Final = 1.0
"""Seconds by which one process may be later than another to say what time it was."""

_HEAD = struct.Struct("=ddII?")
"""When the younger half began, the latest time that was heard of, how many ids are in either half,
and whether the second one is the younger."""

_HALVES_AT = 64
_ENTRY = 12
"""Bytes of an id's digest: that two have the same is less likely than that memory fails."""

_EMPTY = bytes(_ENTRY)


def register_size(capacity: int) -> int:
    """Bytes of memory for so many ids: each half has twice the room, so that look-ups are short."""
    return _HALVES_AT + 2 * 2 * capacity * _ENTRY


REGISTER_SIZE: Final = register_size(MAX_STRIKES)
"""Bytes: 3 MB, of which those are in use that were ever written to."""


class StrikeRegister:
    """Remembers each id for `window` seconds at least, and for twice as long at most.

    Two halves take turns. `shared` is the file descriptor of `register_size` bytes of memory, all
    zero at first; None: nobody else's.
    """

    def __init__(
        self, window: float, capacity: int = MAX_STRIKES, shared: int | None = None
    ) -> None:
        self._window = window
        self._capacity = capacity
        self._places = 2 * capacity
        size = register_size(capacity)
        self._memory = mmap.mmap(-1, size) if shared is None else map_memory(shared)
        self._lock: AbstractContextManager[bool] = Lock(shared)

    def strike(self, id_: bytes, now: float) -> bool:
        """Whether the id is used for the first time; `now` is in seconds on one clock of all.

        False as well when there is no room to remember it, or no telling. Never waits.
        """
        with self._lock as is_ours:
            return is_ours and self._strike(id_, now)

    def __len__(self) -> int:
        """How many ids are remembered."""
        _, _, first, second, _ = _HEAD.unpack_from(self._memory)
        return int(first + second)

    def _strike(self, id_: bytes, now: float) -> bool:
        since, latest, *counts, young = _HEAD.unpack_from(self._memory)
        if now < latest - CLOCK_JITTER:
            return False  # what was forgotten by the later time would be taken once more
        elapsed = now - since
        if elapsed >= self._window:
            young = not young
            self._clear(young, counts)
            if elapsed >= 2 * self._window:
                self._clear(not young, counts)
            since = now
        digest = hashlib.sha256(id_).digest()[:_ENTRY]
        is_new = sum(counts) < self._capacity and not self._find(digest, not young)[1]
        if is_new:
            at, is_known = self._find(digest, young)
            is_new = not is_known
            if is_new:
                self._memory[at : at + _ENTRY] = digest
                counts[young] += 1
        _HEAD.pack_into(self._memory, 0, since, max(now, latest), *counts, young)
        return is_new

    def _find(self, digest: bytes, half: bool) -> tuple[int, bool]:
        """Where an id stands in a half, or would; and whether it does."""
        start = _HALVES_AT + half * self._places * _ENTRY
        place = int.from_bytes(digest[:4]) % self._places
        while True:
            at = start + place * _ENTRY
            found = self._memory[at : at + _ENTRY]
            if found in (digest, _EMPTY):
                return at, found == digest
            place = (place + 1) % self._places

    def _clear(self, half: bool, counts: list[int]) -> None:
        if counts[half]:
            size = self._places * _ENTRY
            start = _HALVES_AT + half * size
            self._memory[start : start + size] = bytes(size)
            counts[half] = 0
