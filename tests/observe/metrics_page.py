"""The tables of docs/metrics.md, made of what the code knows.

    python -m tests.observe.metrics_page

This file knows how a meter and a cause look in a table. It refuses to know what they mean: the
descriptions are the code's.
"""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from pathlib import Path

from h3producer.http3 import cause as cause_module
from h3producer.http3.cause import Cause, Party
from h3producer.observe.instrument import Instrument, Kind
from h3producer.observe.instruments import INSTRUMENTS
from h3producer.observe.prometheus import prometheus_name
from tests.marked_block import MarkedBlock

__all__ = ["CAUSES", "METERS", "PAGE", "causes", "meters"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "metrics.md"

METERS = MarkedBlock("<!-- meters: begin -->\n", "<!-- meters: end -->\n")
CAUSES = MarkedBlock("<!-- causes: begin -->\n", "<!-- causes: end -->\n")


def meters() -> str:
    """The table of all meters."""
    lines = ["| meter | in Prometheus | labels | what it says |", "|---|---|---|---|"]
    for each in INSTRUMENTS:
        labels = ", ".join(f"`{name.replace('.', '_')}`" for name in _labels(each)) or "–"
        kind = f"{each.kind.value}, {each.unit.strip('{}').replace('_', ' ')}"
        suffix = "_total" if each.kind is Kind.COUNTER else ""
        lines.append(
            f"| `{each.name}` ({kind}) | `{prometheus_name(each)}{suffix}` | {labels} "
            f"| {each.description} |"
        )
    return "\n".join(["", *lines, "", ""])


def causes() -> str:
    """The table of all causes."""
    said = _said_of_causes()
    lines = [
        f"| {party.value} | `{each.label}` | {said.get(each.name, '')} |"
        for party in Party
        for each in Cause
        if each.party is party
    ]
    return "\n".join(["", "| `by` | `cause` | |", "|---|---|---|", *lines, "", ""])


def _labels(instrument: Instrument) -> list[str]:
    return [*instrument.labels, *dict(instrument.constants)]


def _said_of_causes() -> dict[str, str]:
    """What stands below each member of `Cause` in its source."""
    tree = ast.parse(inspect.getsource(cause_module))
    classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
    said = {}
    for member, behind in pairwise(classes["Cause"].body):
        match member, behind:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                said[name] = text
    return said


def main() -> None:
    METERS.write(PAGE, meters(), "the meters")
    CAUSES.write(PAGE, causes(), "the causes")


if __name__ == "__main__":
    main()
