"""What a run says: on the screen, in JSON, and by its exit code."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.conformance.__main__ import main
from tests.conformance.case import INFO, MUST, Case, all_cases
from tests.conformance.compare import Contestant, report
from tests.conformance.launch import OURS
from tests.conformance.octets import Code
from tests.conformance.reactions import Grade, connection_error
from tests.conformance.report import as_json, summary
from tests.conformance.runner import Result

if TYPE_CHECKING:
    import pytest

CASE = Case(
    "9", "RFC 9114 §7.2.1", MUST, "DATA", (connection_error(Code.H3_FRAME_UNEXPECTED),), h3spec="x"
)
FAILED = Result(CASE, Grade.FAILED, "the connection lives | and more")
PASSED = Result(CASE, Grade.IDEAL, "connection error H3_FRAME_UNEXPECTED")


def test_a_failure_is_told_with_what_was_expected_and_seen() -> None:
    assert str(FAILED).splitlines() == [
        "9 DATA (RFC 9114 §7.2.1, MUST): failed",
        "  expected: connection error H3_FRAME_UNEXPECTED",
        "  observed: the connection lives | and more",
    ]


def test_what_is_only_observed_cannot_fail_a_run() -> None:
    informative = replace(FAILED, case=replace(CASE, level=INFO))
    assert (FAILED.is_failure, informative.is_failure) == (True, False)


def test_grades_are_counted_from_the_best_to_the_worst() -> None:
    said = "3 cases: 1 ideal, 0 allowed, 0 not offered, 2 failed"
    assert summary([FAILED, PASSED, FAILED]) == said


def test_a_result_is_an_object_of_strings() -> None:
    assert as_json([PASSED]) == [
        {
            "id": "9",
            "section": "RFC 9114 §7.2.1",
            "level": "MUST",
            "stimulus": "DATA",
            "allowed": "connection error H3_FRAME_UNEXPECTED",
            "grade": "ideal",
            "observed": "connection error H3_FRAME_UNEXPECTED",
            "h3spec": "x",
        }
    ]


def test_servers_are_compared_where_one_of_them_fails() -> None:
    good, bad = Contestant(OURS, "1"), Contestant(OURS, "2")
    good.results["9"], bad.results["9"] = PASSED, FAILED
    *_, row = report([good, bad]).strip().splitlines()
    assert row.endswith(r"| ideal | the connection lives \| and more |")


def test_all_cases_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(all_cases())


def test_no_server_is_another_exit_code_than_a_bad_one(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = str(silent.getsockname()[1])
        assert main(["--host", "127.0.0.1", "--port", port, "--patience", "0.1"]) == 2
    assert "no server to judge" in capsys.readouterr().err
