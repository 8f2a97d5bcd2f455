"""Each recipe of a proxy in each case, as the table of docs/deploy/proxies.md.

    python -m tests.deploy [--write]

What is not installed here is left out, and with `--write` that is an error.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path

from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.certificates.files import CertificateFiles
from tests.deploy.proxies import PROXIES, Proxy, free_port
from tests.deploy.proxy_cases import CASES, Witness
from tests.deploy.recipes import RECIPES
from tests.e2e.raw_client import RawClient
from tests.e2e.server import address_of, running
from tests.marked_block import MarkedBlock

TABLE = MarkedBlock("<!-- made by python -m tests.deploy -->\n", "<!-- end -->\n")

PATIENCE = 5.0
"""Seconds after which something does not come through."""


async def _tried(proxy: Proxy | None, files: CertificateFiles, directory: Path, case: str) -> str:
    witness = Witness()
    settings: dict[str, object] = {"max_connections_per_address": None}
    if proxy is not None and proxy.over_tcp:
        settings |= {"with_tcp": True}
    async with running(witness, files, **settings) as server:
        host, port = address_of(server)
        if proxy is None:
            return await _asked((host, port), files, witness, case)
        front = free_port()
        config = proxy.written(directory, files, front, port)
        async with proxy.running(config):
            return await _asked((host, front), files, witness, case)


async def _asked(
    address: tuple[str, int], files: CertificateFiles, witness: Witness, case: str
) -> str:
    connected = RawClient.connected(address, cafile=files.certfile, patience=PATIENCE)
    async with connected as client:
        try:
            return await CASES[case](client, witness)
        except AssertionError:
            return "no"


async def _table() -> str:
    subjects: dict[str, Proxy | None] = {"directly": None}
    for proxy in PROXIES:
        if why := proxy.missing():
            print(f"Left out: {proxy.title}: {why}.", file=sys.stderr)
        else:
            subjects[f"{proxy.title} ({proxy.version()})"] = proxy
    lines = [f"| | {' | '.join(subjects)} |", "|---" * (len(subjects) + 1) + "|"]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        os.chmod(directory, 0o755)  # nginx gives its privileges up
        files = CertificateFiles.in_directory(directory)
        files.write(make_development_certificate())
        for case in CASES:
            words = [await _tried(each, files, directory, case) for each in subjects.values()]
            lines.append(f"| {case} | {' | '.join(words)} |")
            print(lines[-1], file=sys.stderr)
    return "\n".join([*lines, ""])


def main() -> None:
    logging.getLogger("h3producer").setLevel(
        logging.CRITICAL
    )  # an application that breaks is meant
    table = asyncio.run(_table())
    if "--write" not in sys.argv[1:]:
        print(table)
        return
    if missing := [proxy.title for proxy in PROXIES if proxy.missing()]:
        sys.exit(f"Not written, since some are missing here: {', '.join(missing)}.")
    TABLE.write(RECIPES / "proxies.md", table, "the table of proxies")


if __name__ == "__main__":
    main()
