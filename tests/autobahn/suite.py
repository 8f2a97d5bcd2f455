"""One run of Autobahn's fuzzing client against our server, through the bridge.

This file knows the program `wstest`, its case numbers and its report. It refuses to know frames.
Its one rule: a case is good if Autobahn says so, in the words of `GOOD`.

`wstest` is Python 2's (autobahntestsuite 0.8.2): `H3PRODUCER_WSTEST` says where it is, if it is
not on the PATH.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ALL_BUT_PERFORMANCE", "GOOD", "WSTEST", "run_cases"]

WSTEST = os.environ.get("H3PRODUCER_WSTEST") or shutil.which("wstest")
"""Where the program is; None if there is none."""

ALL_BUT_PERFORMANCE = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*", "12.*", "13.*"]
"""Autobahn's chapter 9 is "Limits/Performance"; 8 and 11 do not exist."""

GOOD = ("OK", "NON-STRICT", "INFORMATIONAL")
"""How a case may end: as Autobahn likes it best, or in another way that the RFC allows. It would
like what came in front of a broken frame to be echoed; we close as soon as we see the frame."""

AGENT = "h3producer"


async def run_cases(
    cases: list[str], port: int, directory: Path, *, but: tuple[str, ...] = ()
) -> dict[str, tuple[str, str]]:
    """Behaviour and closing behaviour of each case, by its number."""
    assert WSTEST is not None, "there is a wstest"
    spec = {
        "outdir": str(directory),
        "servers": [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}/", "options": {"version": 18}}],
        "cases": cases,
        "exclude-cases": list(but),
        "exclude-agent-cases": {},
    }
    file = directory / "spec.json"
    file.write_text(json.dumps(spec))
    program = await asyncio.create_subprocess_exec(
        WSTEST,
        "--mode=fuzzingclient",
        f"--spec={file}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=directory,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
    )
    _, errors = await program.communicate()
    assert program.returncode == 0, errors.decode(errors="replace")
    report = json.loads((directory / "index.json").read_text())[AGENT]
    return {
        number: (case["behavior"], case["behaviorClose"])
        for number, case in sorted(report.items(), key=lambda item: _order(item[0]))
    }


def _order(number: str) -> list[int]:
    return [int(part) for part in number.split(".")]
