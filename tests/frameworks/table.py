"""The table of `docs/frameworks.md`: which test stands for which case, and what became of it.

This file knows columns and marks. It refuses to run tests (`__main__.py`).
Its one rule: a cell has a mark because its tests ran, or because the framework lacks the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.frameworks.frameworks import FRAMEWORKS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CASES", "Outcomes", "table"]

Outcomes = dict[tuple[str, str], bool]
"""By framework and case, whether all tests passed; what has no test of a framework is not in it."""

CASES = {
    "test_the_framework_knows_its_own_url": "URL",
    "test_json_goes_in_and_out": "JSON",
    "test_a_form_arrives": "form",
    "test_a_file_arrives_whole": "file",
    "test_a_large_file_is_not_held_in_memory": "20 MB file",
    "test_a_response_is_streamed": "stream",
    "test_a_stream_ends_when_its_client_leaves": "client leaves a stream",
    "test_a_silent_stream_ends_when_its_client_leaves": "… that is silent",
    "test_an_upload_that_is_given_up_is_no_error_of_the_server": "upload given up",
    "test_an_upload_that_is_given_up_is_no_error": "… and nothing logged",
    "test_a_websocket_echoes_and_closes": "WebSocket",
    "test_a_websocket_whose_client_leaves_is_no_error": "client leaves it",
    "test_a_background_task_runs": "background task",
    "test_an_exception_is_a_500_and_its_traceback_is_logged": "exception",
    "test_the_lifespan_ends_with_the_server": "lifespan",
}
"""The tests of `test_contract.py` and what they are called in the table."""


def table(outcomes: Mapping[tuple[str, str], bool], versions: Mapping[str, str]) -> str:
    """The table, in Markdown."""
    marks = {True: "✓", False: "✗", None: "–"}
    titles = list(CASES.values())
    lines = [
        f"| | {' | '.join(titles)} |",
        f"|---|{':-:|' * len(titles)}",
    ]
    for framework in FRAMEWORKS:
        cells = [marks[outcomes.get((framework.name, case))] for case in titles]
        title = f"{framework.title} {versions[framework.name]}"
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
