"""The contract, run for every framework, and the table of it in `docs/frameworks.md`.

    python -m tests.frameworks

Exits with 1 if a test fails; the table says so as well.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import pytest

from tests.frameworks.frameworks import FRAMEWORKS
from tests.frameworks.page import CONTRACT, write
from tests.frameworks.table import CASES, Outcomes, table


class Collector:
    """A plugin of pytest that keeps what became of each case of each framework."""

    def __init__(self) -> None:
        self.outcomes: Outcomes = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        name, _, parameters = report.nodeid.rpartition("::")[2].partition("[")
        [framework] = {each.name for each in FRAMEWORKS} & set(parameters.rstrip("]").split("-"))
        key = (framework, CASES[name])
        self.outcomes[key] = self.outcomes.get(key, True) and report.outcome == "passed"


def main() -> int:
    collector = Collector()
    code = pytest.main(["-q", "tests/frameworks/test_contract.py"], plugins=[collector])
    versions = {framework.name: version(framework.name) for framework in FRAMEWORKS}
    text = table(collector.outcomes, versions)
    write(CONTRACT, text)
    print(text)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
