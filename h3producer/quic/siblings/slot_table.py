"""Which process a datagram is for, by the slot in its connection id: a table in shared memory.

An id that a client made up has some value in the place of a slot, too. So each value leads to a
process: that of a slot which is in use to the one there, all others are spread over those that
serve.

This file knows slots and how values are spread. It refuses to know datagrams (`hand_over.py`), and
how the kernel chooses by this table (`steering.py`).

Its one rule: the process that starts the others writes, and all others read at any time. A value
that is read is always one that was, or is about to be, right; whoever gets a datagram by a wrong
one asks the table again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.quic.connection_ids import MAX_SLOTS

if TYPE_CHECKING:
    import mmap
    from collections.abc import Collection

__all__ = ["NOBODY", "TABLE_SIZE", "SlotTable"]

NOBODY: Final = 255
"""Stands for a slot where there is none."""

TABLE_SIZE: Final = 2 * MAX_SLOTS
"""Bytes: for each value one for whom it leads to, and one for who takes its newcomers."""


class SlotTable:
    """The table of one server, in `memory`; values are below `slots`."""

    def __init__(self, memory: mmap.mmap | bytearray, slots: int = MAX_SLOTS) -> None:
        self._memory = memory
        self.slots = slots

    def owner(self, value: int) -> int:
        """The slot whose process has the connections of ids with this value, if anybody has."""
        return self._memory[value]

    def heir(self, value: int) -> int:
        """The slot whose process takes newcomers with this value: it serves. Or `NOBODY`."""
        return self._memory[MAX_SLOTS + value]

    @property
    def owners(self) -> bytes:
        """The owners by value."""
        return bytes(self._memory[: self.slots])

    def clear(self) -> None:
        """Nobody is there yet."""
        self._memory[:TABLE_SIZE] = bytes((NOBODY,)) * TABLE_SIZE

    def set(self, serving: Collection[int], draining: Collection[int] = ()) -> None:
        """These slots take newcomers, and those have connections that are still there.

        What has led somewhere that still serves leads there again, as far as all get the same
        share.
        """
        heirs = bytearray((NOBODY,)) * MAX_SLOTS
        shares = dict.fromkeys(sorted(serving), 1)
        for slot in shares:
            heirs[slot] = slot
        others = [each for each in range(self.slots) if each not in shares]
        if shares:
            fair = self.slots // len(shares)
            homeless = []
            for value in others:
                before = self.heir(value)
                if shares.get(before, fair) < fair:
                    heirs[value] = before
                    shares[before] += 1
                else:
                    homeless.append(value)
            for value in homeless:
                heirs[value] = fewest = min(shares, key=shares.__getitem__)
                shares[fewest] += 1
        owners = bytearray(heirs)
        for slot in draining:
            owners[slot] = slot
        self._memory[:TABLE_SIZE] = bytes(owners + heirs)
