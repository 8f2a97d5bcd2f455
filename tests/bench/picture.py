"""The speed benchmark as a picture: every server under every workload, in units of ours.

    python -m tests.bench.picture

Three panels share their rows, the workloads: server CPU per item, items per second, peak RSS. This
file knows matplotlib. It refuses to choose a scale that flatters: all three are logarithmic, so
that half and twice as much are equally far from ours. Its one rule: the same figures make the
same bytes, and the picture says in its description which figures it was made of.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.figures import Figures
from tests.bench.speed_table import shown_sample, shown_workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.load import Workload
    from tests.bench.sample import Sample

__all__ = ["PICTURE", "draw"]

PICTURE = Path(__file__).with_name("speed.svg")

MARKERS = "osD^vPX*"

PANELS: tuple[tuple[str, Callable[[Sample], float]], ...] = (
    ("server CPU per item (left is cheaper)", lambda sample: sample.cpu),
    ("items per second (right is faster)", lambda sample: sample.rate),
    ("peak RSS (left is smaller)", lambda sample: sample.peak_rss),
)

STYLE = {
    "svg.hashsalt": "h3producer",  # ids of parts of the picture: the same each time
    "svg.fonttype": "none",  # text stays text
    "font.size": 9,
}


def draw(figures: Figures, path: Path = PICTURE) -> None:
    """Make the picture."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(13, 1.4 + 0.5 * len(shown_workloads(figures))))
        panels = figure.subplots(1, len(PANELS), sharey=True)
        for axes, (title, value) in zip(panels, PANELS, strict=True):
            _draw_panel(axes, figures, title, value)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="lower center", ncols=len(names), frameon=False)
        figure.suptitle(
            f"In units of h3producer’s (1×): median and spread of {figures.rounds} rounds, "
            f"{figures.date}"
        )
        figure.tight_layout(rect=(0, 0.06, 1, 1))
        about = {"Date": None, "Creator": None, "Description": f"figures: {figures.digest}"}
        figure.savefig(path, format="svg", metadata=about)
    # matplotlib ends lines of path data with blanks.
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")


def _draw_panel(
    axes: Any,  # matplotlib is an extra, and may be missing where types are checked
    figures: Figures,
    title: str,
    value: Callable[[Sample], float],
) -> None:
    from matplotlib.ticker import LogLocator

    workloads = shown_workloads(figures)
    axes.axvline(1, color="black", linewidth=1, label=str(figures.ours))
    for number, server in enumerate(figures.peers):
        found = [(row, figures.ratio(w.key, server.key, value)) for row, w in enumerate(workloads)]
        points = [(row, ratio) for row, ratio in found if ratio is not None]
        # A little apart, so that no server hides another.
        rows = [row + 0.5 * (number / max(1, len(figures.peers) - 1) - 0.5) for row, _ in points]
        axes.errorbar(
            [ratio.median for _, ratio in points],
            rows,
            xerr=[
                [ratio.median - ratio.least for _, ratio in points],
                [ratio.most - ratio.median for _, ratio in points],
            ],
            fmt=MARKERS[number % len(MARKERS)],
            markersize=5,
            linewidth=1,
            label=str(server),
        )
    for row in range(1, len(workloads)):
        axes.axhline(row - 0.5, color="lightgray", linewidth=0.5)
    axes.set_yticks(range(len(workloads)), [_label(figures, each) for each in workloads])
    axes.set_ylim(len(workloads) - 0.5, -0.5)
    axes.set_title(title, fontsize=9)
    axes.set_xscale("log", subs=())
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}×")
    axes.grid(axis="x", linewidth=0.3)


def _label(figures: Figures, workload: Workload) -> str:
    """A row's name, and what the row's unit is."""
    return f"{workload.name}\n1× = {', '.join(shown_sample(figures, workload.key, figures.ours))}"


if __name__ == "__main__":
    draw(Figures.load_from())
