"""`docs/frameworks.md` says what commands have found: nothing is missing, nothing has failed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.frameworks.frameworks import FRAMEWORKS
from tests.frameworks.page import CONTRACT, PAGE, SUITE, block, write
from tests.frameworks.starlette_suite.reasons import REASONS
from tests.frameworks.table import CASES, table

TESTS = Path(__file__).parent / "test_contract.py"
VERSIONS = {framework.name: "1.0" for framework in FRAMEWORKS}


def test_every_test_of_the_contract_has_a_column() -> None:
    nodes = ast.parse(TESTS.read_text()).body
    names = [node.name for node in nodes if isinstance(node, ast.AsyncFunctionDef)]
    assert [name for name in names if name.startswith("test_")] == list(CASES)


def test_a_cell_says_what_became_of_its_tests() -> None:
    text = table({("quart", "JSON"): True, ("quart", "form"): False}, VERSIONS)

    [row] = [line.split(" | ") for line in text.splitlines() if line.startswith("| Quart ")]
    assert row[:5] == ["| Quart 1.0", "–", "✓", "✗", "–"]


def test_the_page_has_a_row_for_every_framework_and_no_failure() -> None:
    found = block(CONTRACT).of(PAGE.read_text(encoding="utf-8"))

    rows = [line for line in found.splitlines() if line.startswith("| ")][1:]
    pairs = zip(rows, FRAMEWORKS, strict=True)
    assert all(row.startswith(f"| {each.title} ") for row, each in pairs)
    assert "✗" not in found


def test_every_reason_of_the_page_is_one_that_the_suite_knows() -> None:
    found = block(SUITE).of(PAGE.read_text(encoding="utf-8"))

    rows = [line.strip("| ").split(" | ") for line in found.splitlines() if line.startswith("| ")]
    assert {reason for _, reason in rows[1:]} <= set(REASONS)
    assert len(rows) > 1


def test_what_a_command_found_goes_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = block(CONTRACT).begin, block(CONTRACT).end
    page.write_text(f"before\n{begin}old\n{end}after\n")

    write(CONTRACT, "new\n", page)

    assert page.read_text() == f"before\n{begin}\nnew\n\n{end}after\n"


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place\n")
    with pytest.raises(ValueError, match="no place for make starlette-suite"):
        write(SUITE, "new\n", page)
    assert page.read_text() == "no place\n"
