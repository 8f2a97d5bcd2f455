"""Boxes, arrows and words: what the figures of the documentation are drawn with.

This file knows SVG. It refuses to know what is drawn. Its one rule: a figure has no colour of its
own but those of `STYLE`, which the site replaces by its theme's.
"""

from __future__ import annotations

from html import escape
from typing import Final

__all__ = ["STYLE", "Drawing", "Point"]

Point = tuple[float, float]

STYLE: Final = """<style>
svg { --ink: #1f2933; --faint: #7b8794; --line: #9aa5b1; --paper: #ffffff; --area: #f3f5f8;
  --hot: #d9480f; --hot-fill: #fff1e6; --cool: #1864ab; --cool-fill: #e7f3fc;
  background: var(--paper) }
@media (prefers-color-scheme: dark) { svg { --ink: #e4e7eb; --faint: #9aa5b1; --line: #7b8794;
  --paper: #12171e; --area: #1b222b; --hot: #ff922b; --hot-fill: #3a2415; --cool: #74c0fc;
  --cool-fill: #16293a } }
text { font: 13px system-ui, sans-serif; fill: var(--ink) }
.small { font-size: 11.5px; fill: var(--faint) }
.title { font-weight: 600 }
.mono { font-family: ui-monospace, monospace; font-size: 12px }
.hot { fill: var(--hot) } .cool { fill: var(--cool) }
.box { fill: var(--paper); stroke: var(--line) }
.box.hot { fill: var(--hot-fill); stroke: var(--hot) }
.box.cool { fill: var(--cool-fill); stroke: var(--cool) }
.area { fill: var(--area) }
.arrow { fill: none; stroke: var(--ink); stroke-width: 1.5 }
.arrow.hot { stroke: var(--hot) } .arrow.cool { stroke: var(--cool) }
.arrow.faint { stroke: var(--line) }
.dashed { stroke-dasharray: 5 4 }
.head { fill: var(--ink) } .head.hot { fill: var(--hot) } .head.cool { fill: var(--cool) }
.head.faint { fill: var(--line) }
</style>"""


class Drawing:
    """One figure; `kind` is a class of `STYLE`, or several."""

    def __init__(self, width: float, height: float) -> None:
        self._size = (width, height)
        self._parts: list[str] = []

    def area(self, x: float, y: float, width: float, height: float, label: str = "") -> None:
        """A space in which other things stand, with its name in its corner."""
        self._rect(x, y, width, height, "area", 10)
        if label:
            self.text(x + 12, y + 20, label, "small title")

    def box(
        self, x: float, y: float, width: float, height: float, *lines: str, kind: str = ""
    ) -> None:
        """A box with words in its middle: a title, and smaller lines below it."""
        self._rect(x, y, width, height, f"box {kind}".strip(), 6)
        top = y + height / 2 - 8 * (len(lines) - 1) + 4.5
        for number, line in enumerate(lines):
            of = "title" if number == 0 else "small"
            self.text(x + width / 2, top + 16 * number, line, of, "middle")

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A box without words."""
        self._rect(x, y, width, height, f"box {kind}", 2)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """A line of words, whose baseline begins, has its middle or ends at a point."""
        at = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}"'
        self._parts.append(f'<text {at} class="{kind}">{escape(words)}</text>')

    def line(self, *points: Point, kind: str = "") -> None:
        """A line without a head."""
        path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
        self._parts.append(f'<path d="{path}" class="{f"arrow {kind}".strip()}"/>')

    def arrow(self, *points: Point, kind: str = "", label: str = "", above: float = 6) -> None:
        """A line with a head at its last point; the label stands at the middle of its length."""
        (x0, y0), (x1, y1) = points[-2:]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        base_x, base_y = x1 - 9 * dx, y1 - 9 * dy
        self.line(*points[:-1], (base_x, base_y), kind=kind)
        corners = [
            (x1, y1),
            (base_x - 4.5 * dy, base_y + 4.5 * dx),
            (base_x + 4.5 * dy, base_y - 4.5 * dx),
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        colour = kind.replace("dashed", "").strip()
        self._parts.append(f'<polygon points="{path}" class="{f"head {colour}".strip()}"/>')
        if label:
            start, end = points[0], points[-1]
            x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
            self.text(x, y - above, label, f"small {colour}".strip(), "middle")

    def svg(self) -> str:
        """The figure as a file that looks well by itself."""
        width, height = self._size
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">',
                STYLE,
                *self._parts,
                "</svg>\n",
            )
        )

    def _rect(
        self, x: float, y: float, width: float, height: float, kind: str, radius: float
    ) -> None:
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" '
            f'class="{kind}"/>'
        )
