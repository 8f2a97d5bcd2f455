"""All test cases of the quic-interop-runner that have to do with a server, without containers.

python -m tests.interop_runner --write            # into docs/interop-runner.md, 6 minutes
python -m tests.interop_runner --client qh3 retry zerortt
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from tests.interop.authority import Authority
from tests.interop_runner.cases import CASES, Case
from tests.interop_runner.play import ROOT, play
from tests.interop_runner.roster import CLIENTS, Runner

REPORT = ROOT / "docs" / "interop-runner.md"

HEAD = """\
# The quic-interop-runner's test cases

`examples/interop/` is h3producer as an endpoint of the [quic-interop-runner]: a server of HTTP/3
and of HTTP/0.9 on QUIC (`hq-interop`). This table is what its server test cases give without
containers: the same programs, told by the same environment, on a relay in place of the network
simulator. Files are compared byte by byte; handshakes, versions, Retry, 0-RTT and sizes are
counted in the headers of all packets. Where the runner decrypts packets,
`tests/interop_runner/cases.py` says what is looked at instead. The simulator's bottleneck of 10
Mbit/s is not there.

`ecn` is not offered: marks are not read from the socket. The server has no preferred address, so
the runner's `connectionmigration` is not offered either (exit code 127); here the client goes to
another address of its own.

aioquic and qh3 speak HTTP/0.9 in all cases but `http3`, gtlsclient HTTP/3 in all.

Made by `make interop-runner`.

[quic-interop-runner]: https://github.com/quic-interop/quic-interop-runner

"""


def played(case: Case, client: Runner) -> str:
    """A cell of the table."""
    if case.name in client.lacks:
        return f"– {client.lacks[case.name]}"
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority.made_in(Path(directory))
        try:
            asyncio.run(play(case, client, authority, Path(directory)))
        except Exception as error:
            print(f"{client.name} {case.name}: {error!r}", file=sys.stderr)
            return "✗"
    return "✓"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="by default all")
    parser.add_argument("--client", help="by default all that are installed")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    options = parser.parse_args()
    clients = [
        each for each in CLIENTS if each.is_installed and options.client in (None, each.name)
    ]
    titles = [f"{each.name} {each.version}" for each in clients]
    rows = [["", *titles], ["---"] * (len(clients) + 1)]
    for case in CASES:
        if not options.cases or case.name in options.cases:
            rows.append([f"`{case.name}`", *(played(case, each) for each in clients)])
            print(" | ".join(rows[-1]), flush=True)
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    if options.write:
        version = metadata.version("h3producer")
        REPORT.write_text(f"{HEAD}h3producer {version}, Python {sys.version.split()[0]}\n\n{table}")
    return int("✗" in table)


if __name__ == "__main__":
    sys.exit(main())
