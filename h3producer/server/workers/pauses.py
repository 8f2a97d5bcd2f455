"""How long to wait before a worker that died is replaced.

This file knows how long workers lived. It refuses to know why they died.

Its one rule: what dies once is replaced at once, and what dies as soon as it starts does not
keep the machine busy with that.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LONGEST_PAUSE", "STEADY", "Pauses"]

STEADY: Final = 10.0
"""Seconds of life after which a worker's death is an accident and not a habit."""

FIRST_PAUSE: Final = 0.5
"""Seconds before the second replacement in a row; each pause after it is twice as long."""

LONGEST_PAUSE: Final = 30.0
"""Seconds. Whoever mends what is wrong does not want to wait longer; and an application that takes
a second of CPU to fail costs a thirtieth of a core."""


class Pauses:
    """The pauses of all workers of one server."""

    def __init__(self) -> None:
        self._early_deaths = 0
        self._was_told = False

    @property
    def are_news(self) -> bool:
        """Whether there is a pause to come, and was none before: True once for each series."""
        is_habit = self._early_deaths > 1
        are_news = is_habit and not self._was_told
        self._was_told = is_habit
        return are_news

    def after(self, lifetime: float) -> float:
        """Seconds to wait now that one has died after `lifetime` seconds; 0 if it never served."""
        self._early_deaths = 0 if lifetime >= STEADY else self._early_deaths + 1
        if self._early_deaths < 2:
            return 0.0
        # The exponent is bounded, for a server that is left like that for a year.
        return min(FIRST_PAUSE * 2.0 ** min(self._early_deaths - 2, 16), LONGEST_PAUSE)
