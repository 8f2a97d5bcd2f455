"""The workloads by which servers are compared, each under a key for command lines.

This file knows sizes and counts, and why they are what they are. It refuses to know servers and
how load is made. Its one rule: a workload takes Hypercorn no more than some seconds, because all
of them run against every server in every round.
"""

from __future__ import annotations

from tests.bench.load import MB, Workload

__all__ = ["WORKLOADS", "workload"]

WORKLOADS = (
    Workload(key="get50", name="1 connection × 1500 GET, 50 streams", streams=50, requests=1500),
    Workload(
        key="get5",
        name="20 connections × 100 GET, 5 streams",
        connections=20,
        streams=5,
        requests=100,
    ),
    Workload(key="sequential", name="sequential GET, 1 stream", requests=300),
    Workload(key="handshake", name="handshake + 1 GET", item="handshake + GET", rounds=50),
    Workload(
        key="bodies",
        name="400 GET of 10 kB, 20 streams",
        streams=20,
        requests=400,
        download_size=10_000,
    ),
    Workload(key="bulk8", name="8 connections × 1 MB", item="MB", connections=8, download_size=MB),
    Workload(key="bulk1", name="100 MB on one stream", item="MB", download_size=100 * MB),
    Workload(key="upload", name="upload of 30 MB", item="MB", upload_size=30 * MB),
)


def workload(key: str) -> Workload:
    """The one with this key. Raises KeyError with all keys."""
    for each in WORKLOADS:
        if each.key == key:
            return each
    raise KeyError(f"no workload {key!r}: {', '.join(each.key for each in WORKLOADS)}")
