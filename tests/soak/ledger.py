"""What came of it all: outcomes by kind of client, bytes, and everything that was wrong.

This file knows how to count and how one exchange must have ended. It refuses to know what was
asked. Its one rule: a fault is a sentence with enough in it to look for its cause.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tests.soak.content import digest

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.e2e.exchange import Exchange

__all__ = ["Account", "Ledger"]

MAX_FAULTS = 20
"""Faults after which a run is pointless: the first ones tell."""


class Ledger:
    """The accounts of all kinds of clients, and the faults."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self.down: Counter[str] = Counter()
        self.up: Counter[str] = Counter()
        self.faults: list[str] = []

    @property
    def is_full(self) -> bool:
        """Whether there are so many faults that going on makes no sense."""
        return len(self.faults) >= MAX_FAULTS

    def account(self, kind: str, whose: str) -> Account:
        """The account of one client."""
        return Account(self, kind, whose)

    def fault(self, sentence: str) -> None:
        """Something was wrong."""
        self.faults.append(sentence)


class Account:
    """What one client writes down, and how it judges an exchange."""

    def __init__(self, ledger: Ledger, kind: str, whose: str) -> None:
        self._ledger = ledger
        self.kind = kind
        self._whose = whose

    def count(self, outcome: str, number: int = 1) -> None:
        """So many exchanges, or visits, ended like this."""
        self._ledger.outcomes[self.kind][outcome] += number

    def received(self, number: int) -> None:
        """Content bytes of a response, all of them checked."""
        self._ledger.down[self.kind] += number

    def sent(self, number: int) -> None:
        """Content bytes of a request whose arrival the server proved."""
        self._ledger.up[self.kind] += number

    def fault(self, sentence: str) -> None:
        """Something was wrong."""
        self._ledger.fault(f"{self._whose}: {sentence}")

    # Judging

    def whole(self, what: str, exchange: Exchange, body: bytes, status: int = 200) -> bool:
        """Whether a response has come with FIN and exactly this content; a fault if not."""
        got = bytes(exchange.body)
        if exchange.status != status or exchange.log.count("fin") != 1 or "reset" in exchange.log:
            self.fault(f"{what}: {exchange!r} {_codes(exchange)}")
        elif digest(got) != digest(body):
            self.fault(f"{what}: {len(got)} bytes with other content than the {len(body)} due")
        else:
            self.count("whole")
            self.received(len(got))
            return True
        return False

    def cut(self, what: str, exchange: Exchange, codes: Collection[int]) -> bool:
        """Whether a stream was reset once, with one of the codes; a fault if not."""
        ends = [each for each in exchange.log if each in ("fin", "reset")]
        if ends != ["reset"] or exchange.reset_code not in codes:
            self.fault(f"{what}: {exchange!r} {_codes(exchange)}")
            return False
        self.count("cut")
        return True


def _codes(exchange: Exchange) -> str:
    client = exchange.client
    codes = (exchange.reset_code, exchange.stop_code, client.close_code)
    shown = ", ".join("-" if code is None else hex(code) for code in codes)
    return f"(reset, stop, close: {shown} {client.close_reason})"
