"""Starlette's own tests, each request of them over HTTP/3, and how many pass.

    make starlette-suite
    python -m tests.frameworks.starlette_suite

Fetches the source distribution of the Starlette that is installed into a temporary directory,
and runs its tests there with `plugin.py`. Only its test package gets another name, since ours has
that one. What was found goes into `docs/frameworks.md`. Exits with 1 if a test fails for a reason
that `reasons.py` does not know.
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

from tests.frameworks.page import SUITE, write
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
    """Write the counts into the page and print what failed; 1 if something should not have."""
    over_http3 = [result for result in results if result["over_http3"]]
    failed = [result for result in over_http3 if result["outcome"] == "failed"]
    text = summary(
        len(results),
        len(over_http3),
        sum(result["outcome"] == "passed" for result in over_http3),
        collections.Counter(reason_of(each["test"]) or "**failed**" for each in failed),
    )
    write(SUITE, text)
    print(text)
    unexpected = [each for each in failed if reason_of(each["test"]) is None]
    for each in unexpected:
        print(f"\n{each['test']}\n{each['because']}")
    return 1 if unexpected else 0


def summary(total: int, asking: int, passed: int, reasons: collections.Counter[str]) -> str:
    """What the page says, in Markdown."""
    lines = [
        f"Starlette {importlib.metadata.version('starlette')}: of the {total} tests that run on "
        f"asyncio {asking} make requests. **{passed}** of these pass; "
        f"{asking - passed - reasons.total()} Starlette skips or expects to fail.",
        "",
        "| tests | the others |",
        "|--:|---|",
        *(f"| {count} | {reason} |" for reason, count in reasons.most_common()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
