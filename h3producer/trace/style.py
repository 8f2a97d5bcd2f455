"""How the picture looks, by light and by night.

This file knows colours and type. It refuses to know what wears them. Its one rule: whoever tells
no colours apart still reads the picture, so every line and every bar has its name beside it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["STYLE"]

_SHAPES: Final = """\
text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.title{font-size:18px;font-weight:600}
.name{font-weight:600;text-anchor:end}
.small{font-size:11px}
.tiny{font-size:10.5px}
.note{font-size:12.5px}
.badge-text{font-size:11px;font-weight:700;text-anchor:middle}
.middle{text-anchor:middle}
.end{text-anchor:end}
.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.grid,.axis,.sent,.acked,.accepted,.limit,.tick-sent,.tick-ack,.tick-frame,.leader,.again{fill:none}
.grid{stroke-width:1}
.axis{stroke-width:1}
.sent,.acked{stroke-width:2;stroke-linejoin:round}
.accepted{stroke-width:2;stroke-linejoin:round}
.limit{stroke-width:2;stroke-dasharray:6 4;stroke-linejoin:round}
.leader{stroke-width:1;stroke-dasharray:2 3}
.tick-frame,.tick-ack,.again{stroke-width:1.2}
"""

_COLOURS: Final = {
    # class and property: by light, by night
    "card{fill": ("#ffffff", "#0d1117"),
    "edge{fill:none;stroke": ("#d0d7de", "#30363d"),
    "ink{fill": ("#1f2328", "#e6edf3"),
    "soft{fill": ("#59636e", "#9198a1"),
    "grid{stroke": ("#e6e9ed", "#21262d"),
    "axis{stroke": ("#8c959f", "#656d76"),
    "leader{stroke": ("#8c959f", "#7d8590"),
    "lane{fill": ("#f3f5f8", "#161b22"),
    "pause{fill": ("#fff4dc", "#2b2111"),
    "write{fill": ("#1a7f37", "#3fb950"),
    "wait{fill": ("#e8a33d", "#c98a1f"),
    "wait-text{fill": ("#3d2900", "#1c1300"),
    "tick-frame{stroke": ("#0f766e", "#39c5bb"),
    "head{fill": ("#8250df", "#bc8cff"),
    "unsent{fill": ("#f5c77a", "#5c4213"),
    "flight{fill": ("#bcd7fb", "#16355f"),
    "held{fill": ("#d6eedb", "#11331b"),
    "accepted{stroke": ("#bf6f00", "#f0b03f"),
    "accepted-text{fill": ("#9a5a00", "#f0b03f"),
    "sent{stroke": ("#0969da", "#58a6ff"),
    "sent-text{fill": ("#0969da", "#58a6ff"),
    "acked{stroke": ("#1a7f37", "#3fb950"),
    "acked-text{fill": ("#1a7f37", "#3fb950"),
    "limit{stroke": ("#8250df", "#bc8cff"),
    "limit-text{fill": ("#8250df", "#bc8cff"),
    "packet{fill": ("#0969da", "#58a6ff"),
    "tick-ack{stroke": ("#1a7f37", "#3fb950"),
    "raise{fill": ("#8250df", "#bc8cff"),
    "again{stroke": ("#cf222e", "#ff7b72"),
    "reads{fill": ("#a7d8b3", "#1f5130"),
    "stops{fill": ("#f0b8b4", "#6b2a2a"),
    "badge{fill": ("#1f2328", "#e6edf3"),
    "badge-text{fill": ("#ffffff", "#0d1117"),
}


def _colours(which: int) -> str:
    return "".join(f".{name}:{colours[which]}}}\n" for name, colours in _COLOURS.items())


STYLE: Final = f"{_SHAPES}{_colours(0)}@media (prefers-color-scheme:dark){{\n{_colours(1)}}}"
"""The style sheet of every picture."""
