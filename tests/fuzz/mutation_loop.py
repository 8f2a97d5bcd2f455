"""Fuzzing without atheris: random mutations of the seeds until the time is over.

This file knows a loop with a clock and an alarm. It refuses to know coverage: an input that was
survived is forgotten. Its one rule: the same seed number tries the same inputs in the same order.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NoReturn

from tests.fuzz.mutation import mutate

if TYPE_CHECKING:
    from tests.fuzz.target import Target

__all__ = ["HANG", "Result", "run_loop"]

HANG = 20
"""Seconds after which one input counts as a hang."""


@dataclass(frozen=True)
class Result:
    """How often the target ran, and what it did not survive."""

    runs: int
    finding: bytes | None = None
    error: Exception | None = None


def run_loop(target: Target, seconds: float, seed: int) -> Result:
    """Run each seed once and then mutations of them; stops at the first finding."""
    random = Random(seed)
    seeds = list(target.seeds.values())
    runs = 0
    end = time.monotonic() + seconds
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        while runs < len(seeds) or time.monotonic() < end:
            is_seed = runs < len(seeds)
            data = seeds[runs] if is_seed else mutate(random.choice(seeds), seeds, random)
            signal.alarm(HANG)
            try:
                target.fuzz(data)
            except Exception as error:  # whatever it is, it is what we look for
                return Result(runs, data, error)
            runs += 1
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return Result(runs)


def _ring(_number: int, _frame: object) -> NoReturn:
    raise TimeoutError(f"One input has not ended within {HANG} s.")
