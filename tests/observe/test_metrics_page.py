"""docs/metrics.md says what the code does: `python -m tests.observe.metrics_page` makes tables."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")

from h3producer.observe.instruments import INSTRUMENTS
from h3producer.observe.meters import Meters
from h3producer.observe.prometheus import exposition
from tests.observe.metrics_page import CAUSES, METERS, PAGE, causes, meters

pytestmark = pytest.mark.once

_NAME = re.compile(r"\b(?:h3producer|http_server|process)_\w+")


def test_all_meters_are_in_the_table() -> None:
    assert METERS.of(PAGE.read_text(encoding="utf-8")) == meters()


def test_all_causes_are_in_the_table() -> None:
    assert CAUSES.of(PAGE.read_text(encoding="utf-8")) == causes()


def test_alerts_ask_for_meters_that_there_are() -> None:
    filled = Meters()
    for each in INSTRUMENTS:
        labels = ("",) * len(each.labels)
        (filled.record if each.bounds else filled.add)(each, 1.0, labels)
    content, _ = exposition(filled.snapshot(), "")
    there = set(_NAME.findall(content.decode()))
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    asked = {name for block in blocks for name in _NAME.findall(block)}
    assert asked - {"h3producer"} <= there
    assert len(asked) > 5
