"""Chromium and Firefox as they are installed, with a profile that trusts an authority. No driver.

This file knows how a profile is made and how each is started. It refuses to know what the page
does, which tells the server itself (`switching.py`).

Its one rule: nobody tells them to speak HTTP/3. But both trust an authority that is not one of the
world's, as a test's never is, for TCP alone. Firefox has a setting that lifts this. Chromium does
so for hosts of which the flag `--origin-to-force-quic-on` names any port: it gets port 1, which is
not ours, so nothing is forced.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.interop.chromium import CHROMIUM, QUIET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Prepare = Callable[[Path, Path], tuple[list[str], dict[str, str]]]

__all__ = ["BROWSERS", "browsing"]

FIREFOX = shutil.which("firefox") or shutil.which("firefox-esr")

_PREFERENCES = """
user_pref("network.http.http3.disable_when_third_party_roots_found", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("app.normandy.enabled", false);
"""


def _trust(store: Path, cafile: Path) -> None:
    """Make an NSS database that has the authority."""
    store.mkdir(parents=True)
    database = ["-d", f"sql:{store}"]
    subprocess.run(["certutil", "-N", *database, "--empty-password"], check=True)
    added = ["-A", *database, "-n", "tests", "-t", "CT,,", "-i", str(cafile)]
    subprocess.run(["certutil", *added], check=True)


def _chromium(directory: Path, cafile: Path) -> tuple[list[str], dict[str, str]]:
    _trust(directory / ".pki" / "nssdb", cafile)
    assert CHROMIUM is not None
    profile = f"--user-data-dir={directory / 'profile'}"
    flags = [profile, "--no-first-run", "--origin-to-force-quic-on=localhost:1"]
    return [CHROMIUM, *QUIET, *flags], {"HOME": str(directory)}


def _firefox(directory: Path, cafile: Path) -> tuple[list[str], dict[str, str]]:
    profile = directory / "profile"
    _trust(profile, cafile)
    (profile / "user.js").write_text(_PREFERENCES)
    assert FIREFOX is not None
    return [FIREFOX, "--headless", "--no-remote", "--profile", str(profile)], {}


BROWSERS: dict[str, Prepare] = {
    name: prepare
    for name, prepare, program in (
        ("Chromium", _chromium, CHROMIUM),
        ("Firefox", _firefox, FIREFOX),
    )
    if program is not None and shutil.which("certutil") is not None
}
"""Those that are installed, by their names."""


@asynccontextmanager
async def browsing(name: str, url: str, directory: Path, cafile: Path) -> AsyncIterator[None]:
    """A browser that opens `url`, for as long as the block."""
    command, environment = await asyncio.to_thread(BROWSERS[name], directory, cafile)
    process = await asyncio.create_subprocess_exec(
        *command,
        url,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()
