"""Each attack for a moment, so that none of them rots; the figures mean nothing here.

What is a promise at any speed is checked all the same: the good client loses nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.bench.attacks import newcomers
from tests.bench.attacks.__main__ import ATTACKED, report, run
from tests.bench.attacks.attacker import ATTACKS, prepare
from tests.bench.percentile import percentile
from tests.bench.servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with running(ATTACKED) as server:
        yield server.address


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_attacks(
    name: str, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newcomers, "POOL", 50)
    logging.getLogger("quic").setLevel(logging.CRITICAL)  # aioquic's, of the attacker
    outcome = prepare(name)(address, 0.05)
    assert outcome.datagrams > 0
    assert "no answer" not in outcome.ends


def test_the_good_client_loses_nothing() -> None:
    found = run(["path-challenge"], 0.3, quick=True)
    measurement = found["path-challenge"]
    assert measurement.failures == 0
    assert measurement.attacked["requests"] > 10
    (table,) = report(found, 0.3).tables
    assert len(table.rows) == 1


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(list(range(1, 101)), share) == value
