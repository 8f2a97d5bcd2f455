"""Keys by number, of which those of the past can be forgotten while all that are to come are known.

Each key follows from a number and a secret, so that processes which know the secret need not tell
each other when one key gives way to the next. But the secret must go, or else whoever steals it
knows the old keys, too. So it is a tree: from a node follow the two below it, and nothing above;
keys are the leaves. What is kept are the nodes over the leaves that are not forgotten: 33 at most.

This file knows the tree. It refuses to know what a number stands for (`session_tickets.py`).

Its one rule: what is forgotten cannot be computed any more, by anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from h3producer.quic.keys.hkdf import hmac_digest

__all__ = ["DEPTH", "KeyTree"]

DEPTH: Final = 32
"""Steps from the secret to a key: numbers are below 2³², seconds since 1970 included."""


@dataclass(frozen=True)
class _Node:
    """Over the keys `first` to `first + 2**height - 1`."""

    first: int
    height: int
    secret: bytes

    def children(self) -> tuple[_Node, _Node]:
        height = self.height - 1
        return (
            _Node(self.first, height, hmac_digest(self.secret, b"\0", "sha256")),
            _Node(self.first + (1 << height), height, hmac_digest(self.secret, b"\1", "sha256")),
        )


class KeyTree:
    """All keys that follow from `secret` (32 bytes) and are not forgotten yet. Can be pickled."""

    def __init__(self, secret: bytes) -> None:
        self._nodes = [_Node(0, DEPTH, secret)]
        """Those over what is known, by number."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyTree) and self._nodes == other._nodes

    __hash__ = None  # type: ignore[assignment]  # it changes

    def key(self, number: int) -> bytes | None:
        """The key of a number, 32 bytes; None if it was forgotten."""
        node = next((each for each in reversed(self._nodes) if each.first <= number), None)
        if node is None:
            return None
        while node.height:
            lower, upper = node.children()
            node = upper if number >= upper.first else lower
        return node.secret

    def forget_before(self, number: int) -> None:
        """Let all keys of smaller numbers be gone for good."""
        kept: list[_Node] = []
        waiting = self._nodes[::-1]
        while waiting:
            node = waiting.pop()
            if node.first >= number:
                kept.append(node)
            elif node.height and number < node.first + (1 << node.height):
                waiting.extend(reversed(node.children()))
        self._nodes = kept
