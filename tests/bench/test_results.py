"""What is committed of the speed benchmark belongs together: one run made all of it."""

from __future__ import annotations

import re

import pytest

from tests.bench.figures import Figures
from tests.bench.picture import PICTURE
from tests.bench.readme_block import README, block_of
from tests.bench.report import RESULTS
from tests.bench.speed import ROUNDS
from tests.bench.speed_table import readme_text, speed_tables
from tests.bench.workloads import WORKLOADS


@pytest.fixture(scope="module")
def figures() -> Figures:
    return Figures.load_from()


def test_the_readme_has_the_table_that_the_figures_make(figures: Figures) -> None:
    assert block_of(README.read_text(encoding="utf-8")) == readme_text(figures) + "\n"


def test_the_results_have_the_tables_that_the_figures_make(figures: Figures) -> None:
    results = RESULTS.read_text(encoding="utf-8")
    missing = [t.title for t in speed_tables(figures) if t.markdown() not in results]
    assert missing == []


def test_the_picture_was_drawn_of_the_figures(figures: Figures) -> None:
    [digest] = re.findall(r"figures: ([0-9a-f]{64})", PICTURE.read_text(encoding="utf-8"))
    assert digest == figures.digest


def test_the_run_was_a_whole_one(figures: Figures) -> None:
    assert figures.rounds >= ROUNDS
    assert [each.key for each in WORKLOADS if not figures.of(each.key, "ours")] == []
    assert {"hypercorn", "anycorn", "example", "bare", "peregrine"} <= {
        each.key for each in figures.peers
    }
