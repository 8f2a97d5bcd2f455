"""What a page has curl do.

This file knows that few curls have HTTP/3. Its one rule: whatever the curl of the system can, its
options exist and the URL is asked, by curl or in its place by `h3producer get`.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.docs.running import expect, run, run_here

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.docs.blocks import Command
    from tests.docs.stage import Stage

__all__ = ["curl"]


def curl(
    command: Command, stage: Stage, arguments: Sequence[str], environment: Mapping[str, str]
) -> None:
    """`curl ARGUMENTS`. Raises AssertionError for an option that curl has not, too."""
    known, features = _curl_of_the_system()
    wants_http3 = any(word.startswith("--http3") for word in arguments)
    for option in (word for word in arguments if word.startswith("--")):
        assert not known or option in known, f"{command.where}: curl has no {option}"
    if "HTTP/2" in command.output and "HTTP2" not in features:
        return
    if known and ("HTTP3" in features or not wants_http3):
        words = ["curl", "--silent", "--show-error", *arguments]
        expect(command, stage, run(words, stage, environment))
    elif wants_http3:
        [url] = [word for word in arguments if word.startswith("https://")]
        expect(command, stage, run_here(["get", "--insecure", url], stage, environment))


@functools.cache
def _curl_of_the_system() -> tuple[set[str], str]:
    """Its options and what it was built with; nothing if there is none."""
    if shutil.which("curl") is None:
        return set(), ""
    options = subprocess.run(["curl", "--help", "all"], capture_output=True, text=True, check=True)
    version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True)
    return set(re.findall(r"--[a-z0-9.-]+", options.stdout)), version.stdout
