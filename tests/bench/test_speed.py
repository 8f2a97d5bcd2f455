"""The comparison of servers: each workload for a moment, and what is made of figures.

The load is the client in Python, which is there everywhere; the native one has its turn where it
can be built. Other servers are left out: only `make bench` installs them.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

import pytest

from tests.bench import ab, picture, readme_block
from tests.bench.figures import Figures, ServerName
from tests.bench.load import LoadResult, Workload
from tests.bench.measure import measure
from tests.bench.native_load import NativeLoad, best_load
from tests.bench.qh3_load import Qh3Load
from tests.bench.sample import FailedLoadError, Sample, sample_prepared
from tests.bench.servers import OURS, ROOT, running
from tests.bench.speed import figures_of, report
from tests.bench.speed_table import readme_text, shown_workloads
from tests.bench.targets import TARGETS, Target, target_table
from tests.bench.workloads import WORKLOADS, workload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.load import PreparedLoad
    from tests.bench.servers import RunningServer

SMALL = [each.scaled(0.01) for each in WORKLOADS]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running(OURS) as server:
        yield server


def sample(cpu: float, rate: float = 100.0) -> Sample:
    return Sample(
        cpu=cpu,
        rate=rate,
        peak_rss=10**7,
        p50=0.001,
        p99=0.002,
        resumed=0.0,
        datagrams_in=1.0,
        datagrams_out=1.0,
    )


def figures(ours: list[float], theirs: list[float]) -> Figures:
    """Those of a run in which two servers answered one workload, at these CPU times."""
    return Figures(
        date="2026-11-26",
        conditions="a machine",
        load="somebody",
        rounds=len(ours),
        servers=[ServerName("ours", "h3producer", "1"), ServerName("hypercorn", "Hypercorn", "2")],
        samples={
            "get50": {
                "ours": [sample(cpu) for cpu in ours],
                "hypercorn": [sample(cpu) for cpu in theirs],
            }
        },
        memory={"idle": {"ours": 59_000.0}},
    )


def test_a_run_has_a_sample_of_each_workload() -> None:
    found = figures_of(Qh3Load(), [], SMALL, 1)
    assert [each.key for each in WORKLOADS if not found.of(each.key, "ours")] == []
    assert found.memory["idle"]["ours"] > 0
    assert found.memory["stalled"]["ours"] > 0
    assert len(report(found).tables[0].rows) == len(shown_workloads(found))


@pytest.mark.parametrize("small", SMALL, ids=lambda each: each.key)
def test_the_native_client_runs_each_workload(small: Workload, server: RunningServer) -> None:
    load = best_load()
    if not isinstance(load, NativeLoad):
        pytest.skip("the native client cannot be built here")
    with load.prepared(server.address, small) as prepared:
        assert sample_prepared(prepared, server, small).cpu > 0


def test_a_scaled_workload_asks_for_something() -> None:
    assert [each.key for each in SMALL if each.total_items <= 0] == []


def test_an_unknown_workload_is_told_with_all_that_are_known() -> None:
    with pytest.raises(KeyError, match="no workload 'nonsense': get50, "):
        workload("nonsense")


def test_two_trees_are_compared_in_turn() -> None:
    kinds = (ab.variant(ROOT), ab.variant(ROOT, ["--no-fast-path"]))
    table = ab.compare(Qh3Load(), kinds, [workload("get50").scaled(0.01)], 1)
    assert table.title.endswith(f"{ROOT} --no-fast-path against {ROOT}")
    [row] = table.rows
    assert row[0] == workload("get50").name


class FailingLoad:
    """Load of which one request comes to nothing."""

    def run(self) -> LoadResult:
        return LoadResult(
            requests=1,
            failures=1,
            seconds=1.0,
            datagrams_sent=1,
            datagrams_received=1,
            complaint="reset",
        )


def test_what_is_not_answered_in_full_gives_no_figure(server: RunningServer) -> None:
    with pytest.raises(FailedLoadError, match="1 of 1 requests failed: reset"):
        sample_prepared(FailingLoad(), server, Workload(name="one"))


def test_a_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians() -> None:
    ratio = figures([1.0, 2.0, 4.0], [8.0, 4.0, 12.0]).cpu_ratio("get50", "hypercorn")
    assert ratio is not None
    assert (ratio.median, ratio.least, ratio.most) == (3.0, 2.0, 8.0)


def test_figures_are_the_same_after_they_were_kept(tmp_path: Path) -> None:
    found = figures([1.0], [2.0])
    found.save(tmp_path / "speed.json")
    assert Figures.load_from(tmp_path / "speed.json") == found


def test_the_readme_says_who_is_cheaper() -> None:
    assert "None of them is cheaper than ours." in readme_text(figures([1.0], [2.0]))
    text = readme_text(figures([2.0], [1.0]))
    assert "Cheaper than ours: Hypercorn in all that it was asked." in text


def test_the_readme_says_where_a_server_is_cheaper() -> None:
    found = figures([2.0], [1.0])
    found.samples["bulk8"] = {"ours": [sample(1.0)], "hypercorn": [sample(2.0)]}
    assert "Hypercorn in (1 connection × 1500 GET, 50 streams)." in readme_text(found)
    found.samples["upload"] = {"ours": [sample(2.0)], "hypercorn": [sample(1.0)]}
    assert "Hypercorn in all but (8 connections × 1 MB)." in readme_text(found)


def test_the_readme_is_changed_between_its_markers_alone(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"before\n{readme_block.BLOCK.begin}old\n{readme_block.BLOCK.end}after\n")
    readme_block.write(figures([1.0], [2.0]), path)
    text = path.read_text()
    assert readme_block.block_of(text) == readme_text(figures([1.0], [2.0])) + "\n"
    assert text.startswith("before\n")
    assert text.endswith("after\n")


def test_a_readme_without_a_place_for_the_table_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="has no place"):
        readme_block.write(figures([1.0], [2.0]), path)
    assert path.read_text() == "nothing"


@pytest.mark.parametrize(
    ("measured", "verdict"), [(0.9, "met"), (1.1, "**not met**"), (math.nan, "not measured")]
)
def test_a_goal_is_met_or_not_or_was_not_measured(measured: float, verdict: str) -> None:
    assert Target("", "×", 1.0, lambda _: measured).verdict(measured) == verdict


def test_every_goal_is_told_with_what_was_measured() -> None:
    rows = target_table(figures([1.0], [20.0])).rows
    assert len(rows) == len(TARGETS)
    assert rows[0][1:] == ("0.05 ×", "0.0833 ×", "met")
    assert rows[-2][1:] == ("59 kB", "60 kB", "met")


def test_the_same_figures_make_the_same_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = figures([1.0, 2.0], [3.0, 4.0])
    drawn = []
    for name in ("one.svg", "two.svg"):
        picture.draw(found, tmp_path / name)
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]


class UnluckyLoad(Qh3Load):
    """Load that fails in one workload."""

    @contextlib.contextmanager
    def prepared(self, address: tuple[str, int], workload: Workload) -> Iterator[PreparedLoad]:
        if workload.key == "unlucky":
            yield FailingLoad()
        else:
            with super().prepared(address, workload) as prepared:
                yield prepared


def test_a_workload_that_fails_has_no_figure_and_takes_no_other_with_it() -> None:
    workloads = [Workload(key="unlucky", name="unlucky"), workload("get50").scaled(0.01)]
    samples = measure(UnluckyLoad(), [OURS], workloads, 2)
    assert samples["unlucky"] == {}
    assert len(samples["get50"]["ours"]) == 2
