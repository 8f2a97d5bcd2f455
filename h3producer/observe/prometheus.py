"""Snapshots in Prometheus' text format, by `prometheus-client`.

This file knows how names and units become Prometheus', as OpenTelemetry's exporter makes them:
`http.server.request.duration` in seconds is `http_server_request_duration_seconds`. It refuses to
know where numbers come from.

Its one rule: an empty label is no label. To Prometheus the two are the same.
"""

from __future__ import annotations

from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from h3producer.observe.instrument import Instrument, Kind
from h3producer.observe.instruments import INSTRUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client.core import Metric

    from h3producer.observe.meters import Snapshot

__all__ = ["exposition", "prometheus_name"]

_UNITS = {"s": "seconds", "By": "bytes"}


def exposition(snapshot: Snapshot, accept: str) -> tuple[bytes, str]:
    """The answer to a scrape, and its content type, by what its `accept` field asks for."""
    registry = CollectorRegistry()
    registry.register(_Collector(snapshot))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def prometheus_name(instrument: Instrument) -> str:
    """The name of the family; a counter's samples have `_total` behind it."""
    name = instrument.name.replace(".", "_")
    unit = _UNITS.get(instrument.unit)
    return name if unit is None or name.endswith(unit) else f"{name}_{unit}"


class _Collector:
    """What prometheus-client asks for families."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        for instrument in INSTRUMENTS:
            yield _family(instrument, self._snapshot.get(instrument.name, []))
        about = {"service_name": "h3producer", "service_version": version("h3producer")}
        yield InfoMetricFamily("target", "The server.", value=about)


def _family(instrument: Instrument, series: Sequence[tuple[list[str], list[float]]]) -> Metric:
    name, text = prometheus_name(instrument), instrument.description
    constants = [value for _, value in instrument.constants]
    labels = [_label(label) for label in (*instrument.labels, *dict(instrument.constants))]
    if not series and not instrument.labels:
        series = [([], [0.0] * (len(instrument.bounds) + 2 if instrument.bounds else 1))]
    if instrument.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, text, labels=labels)
        bounds = [*map(str, instrument.bounds), "+Inf"]
        for values, (*counts, total) in series:
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            histogram.add_metric([*values, *constants], buckets, total)
        return histogram
    family = CounterMetricFamily if instrument.kind is Kind.COUNTER else GaugeMetricFamily
    single = family(name, text, labels=labels)
    for values, (number,) in series:
        single.add_metric([*values, *constants], number)
    return single


def _label(name: str) -> str:
    return name.replace(".", "_")
