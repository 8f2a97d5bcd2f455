"""How much memory a server needed at most while something went on.

    with PeakMemory(pid) as memory:
        ...
    assert memory.growth < 8 * MIB

This file knows the high-water mark of /proc. It refuses to know what went on. Its one rule: what
the process held before does not count, so the first of a kind should have gone before.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["MIB", "PeakMemory"]

MIB = 1 << 20


class PeakMemory:
    """The most resident bytes of a process during a `with` block, beyond those at its start."""

    def __init__(self, pid: int) -> None:
        self._directory = Path(f"/proc/{pid}")
        self._start = 0
        self.growth = 0

    def __enter__(self) -> PeakMemory:
        (self._directory / "clear_refs").write_text("5")  # proc(5): resets the mark
        self._start = self._high_water()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self.growth = self._high_water() - self._start

    def _high_water(self) -> int:
        found = re.search(r"VmHWM:\s*(\d+) kB", (self._directory / "status").read_text())
        assert found is not None
        return int(found[1]) * 1024
