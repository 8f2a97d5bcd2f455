"""Starlette's own tests, each request of them over HTTP/3, and how many pass.

    python -m tests.frameworks.starlette_suite

Fetches the source distribution of the Starlette that is installed into a temporary directory,
and runs its tests there with `plugin.py`. Only its test package gets another name, since ours has
that one. Exits with 1 if a test fails for a reason that `reasons.py` does not know.
"""

from __future__ import annotations

import collections
import importlib.metadata
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tests.frameworks.starlette_suite.plugin import RESULTS
from tests.frameworks.starlette_suite.reasons import reason_of

ROOT = Path(__file__).parent.parent.parent.parent
NAME = "starlette_tests"
"""What its package of tests is called meanwhile."""


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        source = fetch(Path(directory))
        results = run(source)
    return report(results)


def fetch(directory: Path) -> Path:
    """Its unpacked sources, as they were released."""
    version = importlib.metadata.version("starlette")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-binary", "starlette", "--dest", str(directory)),
            f"starlette=={version}",
        ],
        check=True,
    )
    with tarfile.open(directory / f"starlette-{version}.tar.gz") as archive:
        archive.extractall(directory, filter="data")
    source = directory / f"starlette-{version}"
    (source / "tests").rename(source / NAME)
    for path in (source / NAME).rglob("*.py"):
        text = path.read_text()
        path.write_text(
            text.replace("from tests.", f"from {NAME}.").replace('"tests/', f'"{NAME}/')
        )
    return source


def run(source: Path) -> list[dict[str, Any]]:
    """What became of each test."""
    results = source / "results.json"
    plugins = ("-p", "tests.frameworks.starlette_suite.plugin", "-p", "no:asyncio")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:faker", *plugins, NAME],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(ROOT), RESULTS: str(results)},
        stdout=subprocess.DEVNULL,
        check=False,  # its exit code says that some failed, which is what is counted here
    )
    found: list[dict[str, Any]] = json.loads(results.read_text())
    return found


def report(results: list[dict[str, Any]]) -> int:
    """Print the counts; 1 if something failed that should not."""
    over_http3 = [result for result in results if result["over_http3"]]
    failed = [result for result in over_http3 if result["outcome"] == "failed"]
    reasons = collections.Counter(reason_of(each["test"]) for each in failed)
    passed = sum(result["outcome"] == "passed" for result in over_http3)
    print(f"Starlette {importlib.metadata.version('starlette')}: {len(results)} tests on asyncio,")
    print(f"{len(over_http3)} of them make requests; over HTTP/3 {passed} of these pass.")
    for reason, count in reasons.most_common():
        print(f"{count:4} not applicable: {reason}" if reason else f"{count:4} FAILED")
    for each in failed:
        if reason_of(each["test"]) is None:
            print(f"\n{each['test']}\n{each['because']}")
    return 1 if reasons[None] else 0


if __name__ == "__main__":
    sys.exit(main())
