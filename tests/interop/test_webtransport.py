"""Sessions of real browsers: what their pages saw, by their own account, and what we heard.

Chromium is asked twice: as one that was told to trust the key, and with the hash of a certificate
that nobody trusts, which is how a page reaches a server without a name. Firefox trusts an authority
and is told that there is HTTP/3. Nothing listens on TCP.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from h3producer.config import Config
from h3producer.server.certificates.development import make_development_certificate, spki_pin
from h3producer.server.certificates.files import CertificateFiles
from h3producer.server.server import Server
from tests.interop.chromium import CHROMIUM, QUIET
from tests.interop.sessions import SessionApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tests.interop.authority import Authority

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
CERTUTIL = shutil.which("certutil")

PREFERENCES: dict[str, object] = {
    "network.http.http3.alt-svc-mapping-for-testing": "localhost;h3=:{port}",
    "network.http.http3.force-use-alt-svc-mapping-for-testing": True,
    # Our authority is nobody's third party.
    "network.http.http3.disable_when_third_party_roots_found": False,
    "network.webtransport.enabled": True,
    "network.webtransport.datagrams.enabled": True,
    # No first run, no updates, no telemetry: nothing that talks to anybody else.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def serving(app: SessionApp, certfile: Path, keyfile: Path) -> AsyncIterator[int]:
    """A server of the application; its port."""
    config = Config(
        app=app, port=0, certfile=str(certfile), keyfile=str(keyfile), webtransport=True
    )
    async with Server(config) as server:
        yield server.addresses[0][1]
        server.force_exit = True


async def visit(app: SessionApp, command: Sequence[str]) -> None:
    """Start a browser, and wait until its page has reported."""
    browser = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.wait_for(app.report, 50)
    finally:
        browser.kill()
        await browser.wait()


def chromium(certificate: x509.Certificate, port: int, directory: Path) -> list[str]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed here")
    return [
        CHROMIUM,
        *QUIET,
        f"--user-data-dir={directory}",
        "--no-first-run",
        f"--origin-to-force-quic-on=localhost:{port}",
        f"--ignore-certificate-errors-spki-list={spki_pin(certificate)}",
        "--remote-debugging-port=0",  # or it would leave at once
        f"https://localhost:{port}/",
    ]


def firefox(cafile: Path, port: int, directory: Path) -> list[str]:
    if FIREFOX is None or CERTUTIL is None:
        pytest.skip("Firefox, or certutil of libnss3-tools, is not installed here")
    directory.mkdir()
    database = f"sql:{directory}"
    subprocess.run([CERTUTIL, "-N", "-d", database, "--empty-password"], check=True)
    trusted = [CERTUTIL, "-A", "-d", database, "-n", "tests", "-t", "C,,", "-i", str(cafile)]
    subprocess.run(trusted, check=True)
    lines = [
        f"user_pref({_javascript(name)}, {_javascript(value)});"
        for name, value in PREFERENCES.items()
    ]
    (directory / "user.js").write_text("\n".join(lines).replace("{port}", str(port)))
    return [
        FIREFOX,
        "--headless",
        "--no-remote",
        "--profile",
        str(directory),
        f"https://localhost:{port}/",
    ]


def _javascript(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["chromium", "chromium-by-hash", "firefox"]
)
async def visited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> SessionApp:
    """The application, once the browser has been through the page."""
    directory = tmp_path_factory.mktemp(request.param)
    app = SessionApp()
    app.browser = request.param
    certificate = x509.load_pem_x509_certificate(authority.certfile.read_bytes())
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(app, authority.certfile, authority.keyfile))
        app.base = f"https://localhost:{port}"
        if request.param == "firefox":
            command = firefox(authority.cafile, port, directory / "profile")
        else:
            command = chromium(certificate, port, directory / "profile")
        if request.param == "chromium-by-hash":
            unknown = make_development_certificate()
            files = CertificateFiles.in_directory(directory)
            files.write(unknown)
            other = await stack.enter_async_context(serving(app, files.certfile, files.keyfile))
            app.base = f"https://127.0.0.1:{other}"
            digest = list(unknown.certificate.fingerprint(SHA256()))
            app.options = {"serverCertificateHashes": [{"algorithm": "sha-256", "value": digest}]}
        await visit(app, command)
    return app


def told(visited: SessionApp, name: str) -> dict[str, Any]:
    """What the page saw on one visit."""
    seen: dict[str, Any] = visited.report.result()[name]
    return seen


async def test_everything_comes_back(visited: SessionApp) -> None:
    seen = told(visited, "echo")
    assert seen["datagram"] == "a datagram"
    assert seen["large"] is True
    assert seen["oneWay"] == "one way each"
    assert seen["many"] is True


async def test_the_application_hears_code_and_reason(visited: SessionApp) -> None:
    assert visited.heard["echo"] == [("disconnect", 7, "grüß dich")]


async def test_the_server_opens_a_stream_and_is_answered(visited: SessionApp) -> None:
    seen = told(visited, "asked")
    assert (seen["question"], seen["thanks"]) == ("who?", "thank you, me")


async def test_codes_of_streams_go_both_ways(visited: SessionApp) -> None:
    # Firefox 153 keeps the code of a reset from its page, and sends H3_REQUEST_CANCELLED instead of
    # the code with which its page stops.
    is_firefox = visited.browser == "firefox"
    seen = told(visited, "codes")
    assert (seen["reset"], seen["stopped"]) == ("TypeError" if is_firefox else 8, 9)
    assert sorted(visited.heard["codes"][:2]) == [
        ("reset", 5),
        ("stop", None if is_firefox else 6),
    ]


async def test_the_page_hears_the_applications_close(visited: SessionApp) -> None:
    assert told(visited, "kicked")["closed"] == [4001, "kicked"]


async def test_the_page_hears_of_a_refusal(visited: SessionApp) -> None:
    assert told(visited, "refused")["error"] == "WebTransportError"


async def test_the_application_is_told_the_pages_origin(visited: SessionApp) -> None:
    [origin] = visited.origins
    assert origin.startswith(b"https://localhost:")
