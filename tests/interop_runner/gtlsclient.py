"""A client of the quic-interop-runner's contract on gtlsclient: ngtcp2, nghttp3 and GnuTLS.

    TESTCASE=transfer DOWNLOADS=d REQUESTS="https://…/a https://…/b" python -m … gtlsclient

This file knows its options. It refuses to know whether it worked, as `client.py` does. It speaks
HTTP/3 only, so that is what all test cases have here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

TOGETHER = 10
"""Connections at once, where a test case has many."""

ONLY_CHACHA20 = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305"

OPTIONS = {
    "chacha20": [f"--ciphers={ONLY_CHACHA20}"],
    "connectionmigration": ["--change-local-addr=50ms"],
    "transfer": ["--max-data=131072", "--max-stream-data-bidi-local=65536"],
    "v2": ["--version=v1", "--available-versions=v2,v1", "--preferred-versions=v2,v1"],
}


def download(testcase: str, urls: list[str], directory: str, sessions: Path) -> dict[str, object]:
    """Download some on a connection of their own; what it was like."""
    where = urlsplit(urls[0])
    options = list(OPTIONS.get(testcase, ()))
    if testcase in ("resumption", "zerortt"):
        options += [
            f"--session-file={sessions / 'session'}",
            f"--tp-file={sessions / 'parameters'}",
        ]
    if testcase == "resumption":
        options.append("--disable-early-data")
    ran = subprocess.run(
        [
            "gtlsclient",
            "--no-quic-dump",
            "--no-http-dump",
            "--exit-on-all-streams-close",
            f"--download={directory}",
            *options,
            where.hostname or "",
            str(where.port),
            *urls,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(f"gtlsclient ended with {ran.returncode}: {ran.stderr}")
    return {"early": "Early data was rejected" not in ran.stderr}


def main() -> None:
    testcase, directory = os.environ["TESTCASE"], os.environ["DOWNLOADS"]
    urls = os.environ["REQUESTS"].split()
    each = [urls]
    if testcase in ("resumption", "zerortt"):
        each = [urls[:1], urls[1:]]
    elif testcase == "multiconnect":
        each = [[url] for url in urls]
    with tempfile.TemporaryDirectory() as sessions:

        def run(some: list[str]) -> dict[str, object]:
            return download(testcase, some, directory, Path(sessions))

        if testcase == "multiconnect":
            with ThreadPoolExecutor(TOGETHER) as threads:
                connections = list(threads.map(run, each))
        else:
            connections = [run(some) for some in each]
    print(json.dumps(connections))


if __name__ == "__main__":
    main()
