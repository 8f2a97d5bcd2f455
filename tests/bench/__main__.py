"""All benchmarks, one after the other: what `make bench` runs.

python -m tests.bench [--write] [--quick] [NAME ...]
"""

from __future__ import annotations

import argparse

from tests.bench import cpu, leak, micro, response_memory, upload_memory
from tests.bench.main import run_benchmark

BENCHMARKS = {
    "response_memory": response_memory.run,
    "upload_memory": upload_memory.run,
    "leak": leak.run,
    "cpu": cpu.run,
    "micro": micro.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    options = parser.parse_args()
    for name in options.names or BENCHMARKS:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}")
        flags = [f"--{flag}" for flag in ("write", "quick") if getattr(options, flag)]
        run_benchmark(name, BENCHMARKS[name], flags)


if __name__ == "__main__":
    main()
