"""The workloads by which servers are compared, each under a key for command lines.

This file knows sizes and counts, and why they are what they are. It refuses to know servers and
how load is made. Its one rule: a workload takes an average server about a second, because all of
them run against every server in every round.
"""

from __future__ import annotations

from tests.bench.load import MB, Workload

__all__ = ["WORKLOADS", "workload"]

GET50 = Workload(key="get50", name="1 connection × 1500 GET, 50 streams", streams=50, requests=1500)
GET5 = Workload(
    key="get5",
    name="20 connections × 100 GET, 5 streams",
    connections=20,
    streams=5,
    requests=100,
)
SEQUENTIAL = Workload(key="sequential", name="sequential GET, 1 stream", requests=300)
HANDSHAKE = Workload(key="handshake", name="handshake + 1 GET", item="handshake + GET", rounds=50)
RESUMED = Workload(
    key="resumed",
    name="resumed handshake + 1 GET",
    item="handshake + GET",
    rounds=50,
    is_resumed=True,
)
BODIES = Workload(
    key="bodies",
    name="400 GET of 10 kB, 20 streams",
    streams=20,
    requests=400,
    download_size=10_000,
)
BULK8 = Workload(
    key="bulk8", name="8 connections × 1 MB", item="MB", connections=8, download_size=MB
)
BULK1 = Workload(key="bulk1", name="100 MB on one stream", item="MB", download_size=100 * MB)
UPLOAD = Workload(key="upload", name="upload of 30 MB", item="MB", upload_size=30 * MB)
LOSSY = Workload(
    key="lossy", name="10 MB, 2 % loss each way", item="MB", download_size=10 * MB, loss=0.02
)
EVENTS = Workload(
    key="events",
    name="server-sent events, 100 streams × 10/s",
    item="event",
    streams=100,
    requests=100,
    events=10,
    is_warm=True,
)

# Two hundred requests are the fewest of which the slowest percent is more than one.
ALONE = Workload(
    key="alone", name="GET, 200/s", streams=50, requests=200, interval=0.005, is_warm=True
)
BESIDE = Workload(
    key="beside",
    name="GET, 200/s, beside 100 MB on the same connection",
    streams=50,
    requests=200,
    interval=0.005,
    bulk_size=100 * MB,
    # RFC 9218 §4.1: the bulk download has the default urgency, 3; what is urgent says so.
    priority=b"u=1",
    is_warm=True,
)
IDLE = Workload(
    key="idle",
    name="1,000 connections, 1 % active, 500 GET/s",
    connections=1000,
    active=10,
    streams=50,
    requests=50,
    interval=0.02,
    is_warm=True,
    is_standing=True,
)

WORKLOADS = (
    GET50,
    GET5,
    SEQUENTIAL,
    HANDSHAKE,
    RESUMED,
    BODIES,
    BULK8,
    BULK1,
    UPLOAD,
    LOSSY,
    EVENTS,
    ALONE,
    BESIDE,
    IDLE,
)


def workload(key: str) -> Workload:
    """The one with this key. Raises KeyError with all keys."""
    for each in WORKLOADS:
        if each.key == key:
            return each
    raise KeyError(f"no workload {key!r}: {', '.join(each.key for each in WORKLOADS)}")
