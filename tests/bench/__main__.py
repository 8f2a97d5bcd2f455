"""All benchmarks, one after the other: what `make bench` runs.

python -m tests.bench [--write] [NAME ...]
"""

from __future__ import annotations

import argparse

from tests.bench import leak, micro, response_memory, speed, upload_memory
from tests.bench.main import run_benchmark

BENCHMARKS = {
    "response_memory": response_memory.run,
    "upload_memory": upload_memory.run,
    "leak": leak.run,
    "micro": micro.run,
}


def main() -> None:
    names = ["speed", *BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--write", action="store_true", help="keep what is found")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    options = parser.parse_args()
    flags = ["--write"] if options.write else []
    for name in options.names or names:
        if name == "speed":
            speed.main(flags)
        elif name in BENCHMARKS:
            run_benchmark(name, BENCHMARKS[name], flags)
        else:
            parser.error(f"there is no benchmark {name!r}")


if __name__ == "__main__":
    main()
