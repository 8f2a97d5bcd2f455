"""The profile of a server for a moment, so that the recipe does not rot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.profile import SPY, flame_graph, function_table
from tests.bench.qh3_load import Qh3Load
from tests.bench.servers import OURS
from tests.bench.workloads import workload

if TYPE_CHECKING:
    from pathlib import Path

UNDER = workload("get50").scaled(0.01)


def test_the_table_says_under_what_and_how_many_calls(tmp_path: Path) -> None:
    table = tmp_path / "table.txt"
    function_table(Qh3Load(), OURS, UNDER, 0.1, table)
    text = table.read_text()
    assert UNDER.name in text
    assert "function calls" in text


@pytest.mark.skipif(not SPY.exists(), reason="py-spy is installed by `make bench` alone")
def test_the_flame_graph_has_the_functions_of_the_server(tmp_path: Path) -> None:
    picture = tmp_path / "flames.svg"
    flame_graph(Qh3Load(), OURS, UNDER, 1.0, picture)
    assert "datagrams_to_send" in picture.read_text()
