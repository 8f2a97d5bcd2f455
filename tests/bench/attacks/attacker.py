"""The attacker's process: one attack on one server for some seconds.

    python -m tests.bench.attacks.attacker NAME HOST PORT SECONDS

Says "ready" when what can be made beforehand is made, waits for a line, attacks, and prints what
it did as JSON.
"""

from __future__ import annotations

import functools
import json
import logging
import sys
from typing import TYPE_CHECKING

from tests.bench.attacks.http_floods import HTTP_FLOODS
from tests.bench.attacks.newcomers import churn, garbage_initials, valid_initials
from tests.bench.attacks.quic_floods import QUIC_FLOODS
from tests.bench.attacks.raid import run_raid
from tests.bench.attacks.stallers import STALLERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.attacks.raid import Outcome

    Attack = Callable[[tuple[str, int], float], Outcome]

__all__ = ["ATTACKS", "TITLES", "prepare"]

_RAIDS = HTTP_FLOODS | STALLERS | QUIC_FLOODS

_NEWCOMERS: dict[str, tuple[str, Callable[[], Attack]]] = {
    "garbage-initials": ("Initial flood, garbage", garbage_initials),
    "valid-initials": ("Initial flood, valid ClientHello, forged addresses", valid_initials),
    "churn": ("Connection churn", lambda: churn),
}

TITLES = {name: raid.title for name, raid in _RAIDS.items()} | {
    name: title for name, (title, _) in _NEWCOMERS.items()
}

ATTACKS = list(TITLES)
"""The names of all attacks, in the order of the report."""


def prepare(name: str) -> Attack:
    """Make what can be made beforehand; the attack, to be called with an address and seconds."""
    if name in _RAIDS:
        return functools.partial(run_raid, _RAIDS[name])
    return _NEWCOMERS[name][1]()


def main() -> None:
    logging.disable(logging.CRITICAL)
    name, host, port, seconds = sys.argv[1:]
    attack = prepare(name)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(vars(attack((host, int(port)), float(seconds)))), flush=True)


if __name__ == "__main__":
    main()
