"""One target in a process of its own: `python -m tests.fuzz.worker TARGET DIRECTORY SECONDS SEED`.

This file knows the two engines: atheris, which follows coverage and ends the process when it is
done, and our own loop where atheris cannot be installed. It refuses to know who reads what it
prints. Its one rule: a finding is a file in DIRECTORY/findings whose name begins with the target's.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import time
import traceback
import warnings
from dataclasses import replace
from pathlib import Path

from tests.fuzz.mutation_loop import HANG, run_loop
from tests.fuzz.target import Target, load

__all__ = ["main"]

MAX_RSS = 1024
"""MB of memory at which an input counts as a finding."""

MAX_LENGTH = 4096
"""Bytes of an input: longer ones find little and cost much."""


def main(name: str, directory: Path, seconds: int, seed: int) -> int:
    """Run one target for `seconds`; 0 without, 1 with a finding. Under atheris it never returns."""
    warnings.simplefilter("error")
    for each in ("findings", f"corpus/{name}", f"seeds/{name}"):
        (directory / each).mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("atheris") is None:
        return _run_loop(_strict(load(name)), directory, seconds, seed)
    import atheris

    with atheris.instrument_imports(include=["h3producer", "aioquic"]):
        target = _strict(load(name))
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-artifact_prefix={directory}/findings/{name}-",
        f"-timeout={HANG}",
        f"-rss_limit_mb={MAX_RSS}",
        f"-max_len={MAX_LENGTH}",
        "-report_slow_units=1000000",
        "-print_final_stats=1",
        f"{directory}/corpus/{name}",
        f"{directory}/seeds/{name}",
    ]
    for number, octets in enumerate(target.seeds.values()):
        (directory / "seeds" / name / str(number)).write_bytes(octets)
    atheris.Setup(arguments, target.fuzz)
    atheris.Fuzz()
    raise AssertionError("atheris ends the process.")


def _strict(target: Target) -> Target:
    """Errors that Python only prints, such as "never awaited", are findings as well."""
    errors: list[BaseException] = []

    def remember(unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_value is not None:
            errors.append(unraisable.exc_value)

    def run(data: bytes) -> None:
        target.fuzz(data)
        if errors:
            raise errors.pop()

    sys.unraisablehook = remember
    return replace(target, fuzz=run)


def _run_loop(target: Target, directory: Path, seconds: int, seed: int) -> int:
    print("Without atheris: random mutations of the seeds, blind to coverage.")
    began = time.monotonic()
    result = run_loop(target, seconds, seed)
    # The words of libFuzzer, so that one reader does for both.
    print(f"stat::number_of_executed_units: {result.runs}")
    print(f"stat::average_exec_per_sec: {result.runs / (time.monotonic() - began):.0f}")
    if result.finding is None:
        return 0
    traceback.print_exception(result.error)
    name = f"{target.name}-crash-{hashlib.sha1(result.finding).hexdigest()}"
    (directory / "findings" / name).write_bytes(result.finding)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
