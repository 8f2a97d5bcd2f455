"""The few elements of SVG that a picture is made of, as text.

This file knows markup. It refuses to know what is drawn. Its one rule: equal numbers make equal
bytes, so every coordinate is rounded to a tenth.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Canvas", "number", "width_of"]

_NARROW = frozenset(" !'(),.:;Ifijlrt’·")


def number(value: float) -> str:
    """A coordinate: a tenth is as exact as anybody sees."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")  # plus nothing: there is no -0


def width_of(words: str) -> float:
    """Pixels that words of 12 pixels' height take, in any of the faces of the style sheet."""
    return sum(4.3 if letter in _NARROW else 7.2 for letter in words)


class Canvas:
    """Elements, in the order in which they are painted. `look` is a class of the style sheet."""

    def __init__(self) -> None:
        self._elements: list[str] = []

    def __str__(self) -> str:
        return "\n".join(self._elements)

    def rectangle(
        self, x: float, y: float, width: float, height: float, look: str, *, round: float = 0
    ) -> None:
        """A filled box."""
        corners = f' rx="{number(round)}"' if round else ""
        self._elements.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
            f'height="{number(height)}"{corners} class="{look}"/>'
        )

    def line(self, x: float, y: float, to_x: float, to_y: float, look: str) -> None:
        """A straight line."""
        self._elements.append(
            f'<path d="M{number(x)} {number(y)}L{number(to_x)} {number(to_y)}" class="{look}"/>'
        )

    def path(
        self, points: Iterable[tuple[float, float]], look: str, *, close: bool = False
    ) -> None:
        """A line through all points; closed, it is an area."""
        steps = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        if steps:
            self._elements.append(f'<path d="M{steps}{"Z" if close else ""}" class="{look}"/>')

    def ticks(self, xs: Iterable[float], y: float, height: float, look: str) -> None:
        """Short lines side by side, as one element."""
        steps = "".join(f"M{number(x)} {number(y)}v{number(height)}" for x in xs)
        if steps:
            self._elements.append(f'<path d="{steps}" class="{look}"/>')

    def circle(self, x: float, y: float, radius: float, look: str) -> None:
        """A disc."""
        self._elements.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" class="{look}"/>'
        )

    def text(self, x: float, y: float, words: str, look: str) -> None:
        """A line of text; its class says where it is anchored."""
        self._elements.append(
            f'<text x="{number(x)}" y="{number(y)}" class="{look}">{escape(words)}</text>'
        )
