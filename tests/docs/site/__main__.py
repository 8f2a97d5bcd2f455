"""`python -m tests.docs.site`: draw the figures of the documentation anew."""

from __future__ import annotations

from tests.docs.blocks import ROOT
from tests.docs.site.figures import FIGURES

for name, figure in FIGURES.items():
    (ROOT / "docs" / "figures" / f"{name}.svg").write_text(figure().svg(), encoding="utf-8")
