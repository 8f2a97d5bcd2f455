"""`python -m tests.fuzz`: run targets one after the other, and say in a line what came of each.

    python -m tests.fuzz all --seconds 60
    python -m tests.fuzz connection --seconds 600 --corpus .fuzz/connection
    python -m tests.fuzz connection --replay .fuzz/findings/connection-crash-…

This file knows the command line and the report. It refuses to know how a target is run: each
has a process of its own (`tests/fuzz/worker.py`), so that not even a crash of the interpreter
ends the campaign. Its one rule: after exit code 1 there is a file for each finding and a command
to repeat it, or a target did not run, and its last words say why.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import NAMES, load

__all__ = ["Report", "main"]

SLACK = 120
"""Seconds that a worker gets beyond its time, to start and to end, before it is killed."""


@dataclass(frozen=True)
class Report:
    """What came of one target."""

    name: str
    runs: int
    per_second: int
    seconds: float
    engine: str
    findings: list[Path]
    log: str

    @property
    def has_failed(self) -> bool:
        return bool(self.findings) or not self.runs

    def __str__(self) -> str:
        what = "no finding" if self.runs else "DID NOT RUN"
        if self.findings:
            what = f"NEW FINDINGS: {len(self.findings)}"
        return (
            f"{self.name:<20} {self.runs:>9} runs {self.per_second:>7}/s "
            f"{self.seconds:>6.1f} s  {self.engine:<8} {what}"
        )


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    if options.replay is not None:
        load(options.target).fuzz(options.replay.read_bytes())
        print("The input is survived.")
        return 0
    has_failed = False
    for name in NAMES if options.target == "all" else [options.target]:
        report = _run(name, options.corpus.absolute(), options.seconds, options.seed)
        print(report, flush=True)
        if report.has_failed:
            has_failed = True
            print(_tail(report.log))
        for finding in report.findings:
            print(f"  repeat it: {sys.executable} -m tests.fuzz {name} --replay {finding}")
    return int(has_failed)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz h3producer.")
    parser.add_argument("target", choices=[*NAMES, "all"], help="what to fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="how long, each (60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chance (time)")
    parser.add_argument(
        "--corpus",
        type=Path,
        default=Path(".fuzz"),
        metavar="DIR",
        help="where corpora grow from run to run, and findings go (.fuzz)",
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="run one input and nothing else"
    )
    return parser.parse_args(arguments)


def _run(name: str, directory: Path, seconds: int, seed: int) -> Report:
    before = _findings(directory, name)
    began = time.monotonic()
    command = (sys.executable, "-m", "tests.fuzz.worker", name, directory, seconds, seed)
    worker = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        log, _ = worker.communicate(timeout=seconds + SLACK)
    except subprocess.TimeoutExpired:
        worker.kill()
        log, _ = worker.communicate()
    return Report(
        name,
        _number(log, "number_of_executed_units"),
        _number(log, "average_exec_per_sec"),
        time.monotonic() - began,
        "blind" if "Without atheris" in log else "atheris",
        sorted(_findings(directory, name) - before),
        log,
    )


def _findings(directory: Path, name: str) -> set[Path]:
    return set((directory / "findings").glob(f"{name}-*"))


def _number(log: str, name: str) -> int:
    match = re.search(rf"stat::{name}:\s*(\d+)", log)
    return int(match[1]) if match else 0


def _tail(log: str) -> str:
    lines = [line for line in log.splitlines() if not re.match(r"#\d+|stat::|INFO: Instr", line)]
    return "\n".join(f"  | {line}" for line in lines[-40:])
