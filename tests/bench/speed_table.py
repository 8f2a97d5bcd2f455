"""The tables of the speed benchmark, as markdown: all of them, and the README's.

This file knows how figures are shown, and in which words servers are compared. It refuses to
choose: every workload and every server that was measured is in it, also where others are cheaper,
which is said in so many words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.report import Table, mib
from tests.bench.targets import target_table
from tests.bench.workloads import WORKLOADS

if TYPE_CHECKING:
    from tests.bench.figures import Figures, ServerName
    from tests.bench.load import Workload

__all__ = ["readme_text", "shown_sample", "shown_workloads", "speed_tables"]

NOTHING = "–"
KB = 1000

LATENCY_KEYS = ("alone", "beside")
"""Workloads at so slow a pace that the time of a request is what counts."""


def speed_tables(figures: Figures) -> list[Table]:
    """All tables, the main one first."""
    return [
        main_table(figures),
        latency_table(figures),
        memory_table(figures),
        target_table(figures),
    ]


def shown_workloads(figures: Figures) -> list[Workload]:
    """The workloads of the main table, as far as they were measured."""
    return [
        each
        for each in WORKLOADS
        if each.key not in LATENCY_KEYS and figures.of(each.key, figures.ours.key)
    ]


def main_table(figures: Figures) -> Table:
    """CPU, rate and memory of every server under every workload."""
    table = Table(
        "Server CPU per item; items per second; peak RSS",
        ["workload", *map(str, figures.servers)],
        notes=[
            "An item is a GET, a MB of content, or an event; for the handshake, it and its GET.",
            "CPU time of all processes of the server, user and system. × is the server’s CPU per "
            "item in units of ours: the median of the ratios within a round, with the smallest and "
            f"the largest. Rounds: {figures.rounds}, in each of which every server takes its turn; "
            "one that takes more than ten seconds for a workload is asked it only once.",
            "Items per second is what one client on the same machine got: the rates compare, they "
            "are no maximum. Peak RSS also holds what earlier workloads have left.",
            "The same ASGI application on all but bare aioquic (`tests/bench/bare_server.py`) and "
            "Caddy, which have answers of their own. Access logs off, one process that serves.",
            f"Load: {figures.load}; no dynamic QPACK table.",
        ],
    )
    for workload in shown_workloads(figures):
        cells = (_cell(figures, workload.key, server) for server in figures.servers)
        table.add(workload.name, *cells)
    return table


def latency_table(figures: Figures) -> Table:
    """How long a small GET takes, by itself and beside a download."""
    table = Table(
        "Time of a small GET, p50 / p99, ms",
        ["workload", *map(str, figures.servers)],
        notes=[
            "Medians of the rounds’ percentiles. Beside the download the GETs say `priority: u=1`."
        ],
    )
    for workload in WORKLOADS:
        if workload.key in LATENCY_KEYS and figures.of(workload.key, figures.ours.key):
            cells = (_times(figures, workload.key, server.key) for server in figures.servers)
            table.add(workload.name, *cells)
    return table


def memory_table(figures: Figures) -> Table:
    """What is kept."""
    table = Table(
        "RSS, kB",
        ["of each", *map(str, figures.servers)],
        notes=["Growth of a fresh server, divided by the count."],
    )
    for what, name in (
        ("idle", "of 1,000 connections"),
        ("stalled", "of 100 responses that nobody reads on"),
    ):
        found = (figures.memory.get(what, {}).get(each.key) for each in figures.servers)
        table.add(name, *(NOTHING if each is None else f"{each / KB:,.0f}" for each in found))
    return table


def readme_text(figures: Figures) -> str:
    """The README's speed table with its conditions, and a plain word on who is cheaper."""
    table = Table("", ["", *(each.name for each in figures.servers)])
    for workload in shown_workloads(figures):
        cells = (_readme_cell(figures, workload.key, server) for server in figures.servers)
        table.add(workload.name, *cells)
    lines = table.markdown().splitlines()[2:]
    return "\n".join([*lines, "", _words(figures)])


def _words(figures: Figures) -> str:
    versions = ", ".join(map(str, figures.peers))
    cheaper = "; ".join(_cheaper(figures))
    said = f"Cheaper than ours: {cheaper}." if cheaper else "None of them is cheaper than ours."
    return (
        "CPU time of all processes of the server for a GET, a MB, a handshake with a GET, or an "
        f"event; × in units of ours. {said} Measured on {figures.date}: {figures.conditions}; "
        f"{versions}; load from {figures.load}; median of {figures.rounds} rounds, in each of "
        "which every server takes its turn."
    )


def _cheaper(figures: Figures) -> list[str]:
    """Each server that is cheaper somewhere, and where."""
    found = []
    for server in figures.peers:
        ratios = {
            each.name: ratio.median
            for each in shown_workloads(figures)
            if (ratio := figures.cpu_ratio(each.key, server.key)) is not None
        }
        cheaper = [name for name, ratio in ratios.items() if ratio < 1]
        dearer = [name for name, ratio in ratios.items() if ratio >= 1]
        if cheaper:
            found.append(f"{server.name} {_where(cheaper, dearer)}")
    return found


def _where(these: list[str], others: list[str]) -> str:
    """In as few words as can be."""
    if not others:
        return "in all that it was asked"
    if len(others) < len(these):
        return f"in all but ({'; '.join(others)})"
    return f"in ({'; '.join(these)})"


def shown_sample(figures: Figures, workload: str, server: ServerName) -> list[str]:
    """CPU, rate and memory of a server, as medians; empty if it was not measured."""
    cpu = figures.cpu(workload, server.key)
    rate = figures.median(workload, server.key, lambda sample: sample.rate)
    rss = figures.median(workload, server.key, lambda sample: sample.peak_rss)
    if cpu is None or rate is None or rss is None:
        return []
    return [_time(cpu), f"{_rate(rate)}/s", mib(rss)]


def _cell(figures: Figures, workload: str, server: ServerName) -> str:
    shown = shown_sample(figures, workload, server)
    if not shown:
        return NOTHING
    cpu, *others = shown
    ratio = f" ×{figures.cpu_ratio(workload, server.key)}" if server != figures.ours else ""
    if _is_in_full(figures, workload, server.key):
        others.append("not resumed")
    return "<br>".join([f"**{cpu}**{ratio}", *others])


def _is_in_full(figures: Figures, workload: str, server: str) -> bool:
    """Whether the server made full handshakes where it could have resumed sessions."""
    could = {each.key for each in WORKLOADS if each.is_resumed}
    return workload in could and not figures.median(workload, server, lambda each: each.resumed)


def _readme_cell(figures: Figures, workload: str, server: ServerName) -> str:
    cpu = figures.cpu(workload, server.key)
    ratio = figures.cpu_ratio(workload, server.key)
    if cpu is None or ratio is None:
        return NOTHING
    if server == figures.ours:
        return f"**{_time(cpu)}**"
    return f"{_time(cpu)} ×{ratio.short}"


def _times(figures: Figures, workload: str, server: str) -> str:
    p50 = figures.median(workload, server, lambda sample: sample.p50)
    p99 = figures.median(workload, server, lambda sample: sample.p99)
    return NOTHING if p50 is None or p99 is None else f"{p50 * 1e3:.1f} / {p99 * 1e3:.1f}"


def _time(seconds: float) -> str:
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} µs"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
