"""Who the independent clients are: how each is started, what is installed, and what it cannot.

This file knows clients. It refuses to know what a case is made of (`cases.py`). Its one rule: what
a client does not offer stands here with the reason, and everything else it has to pass.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.interop import go_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CONTENDERS", "Contender", "contender_named"]


HOSTS = {"127.0.0.1": "localhost", "::1": "[::1]"}

BY_ADDRESS = {"127.0.0.1": "127.0.0.1", "::1": "[::1]"}
"""For clients that take `localhost` for ::1 first, where nobody listens."""

BY_NAME = {"127.0.0.1": "localhost", "::1": "ip6-localhost"}
"""For browsers: where they are told to use HTTP/3 at once, they take no address of IPv6."""

CLIENTS = Path(__file__).with_name("clients")

NPM = Path(sys.prefix, "interop-npm")
"""Where `install-debian.sh` puts what comes from npm."""


class Installation(Protocol):
    """Where a client comes from; as a string, what to install."""

    @property
    def version(self) -> str | None:
        """What is installed; None if nothing is."""

    def command(self, name: str) -> Sequence[str]:
        """How `clients/NAME` is started."""


@dataclass(frozen=True)
class Pip:
    """A Python package, in the environment that the tests run in."""

    package: str

    @property
    def version(self) -> str | None:
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None

    def __str__(self) -> str:
        return f"pip: {self.package}"

    def command(self, name: str) -> Sequence[str]:
        return sys.executable, "-m", f"tests.interop.clients.{name}"


@dataclass(frozen=True)
class Debian:
    """A program or library of Debian, driven by a program of ours under `python`."""

    package: str
    python: str = sys.executable

    @cached_property
    def version(self) -> str | None:
        if shutil.which("dpkg-query") is None:
            return None
        asked = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}"]
        said = subprocess.run([*asked, self.package], capture_output=True, text=True, check=False)
        status, _, version = said.stdout.partition(" ")
        return version if status == "installed" else None

    def __str__(self) -> str:
        return f"apt: {self.package}"

    def command(self, name: str) -> Sequence[str]:
        return self.python, "-m", f"tests.interop.clients.{name}"


@dataclass(frozen=True)
class Go:
    """A library in Go from Debian, under a program of ours that is built when it is first run."""

    package: str

    @property
    def version(self) -> str | None:
        return go_program.version(self.package)

    def __str__(self) -> str:
        return f"apt: golang-go {self.package}"

    def command(self, name: str) -> Sequence[str]:
        return (str(go_program.built(CLIENTS / name)),)


@dataclass(frozen=True)
class Npm:
    """A package of npm, in a directory beside the environment that the tests run in."""

    package: str
    program: str
    """What runs our script, below the directory."""
    suffix: str

    @property
    def version(self) -> str | None:
        manifest = NPM / "node_modules" / self.package / "package.json"
        version: str | None = None
        if manifest.exists():
            version = json.loads(manifest.read_text())["version"]
        return version

    def __str__(self) -> str:
        return f"npm: {self.package}"

    def command(self, name: str) -> Sequence[str]:
        return str(NPM / self.program), str(CLIENTS / f"{name}.{self.suffix}")


@dataclass(frozen=True)
class Browser:
    """A browser from Debian, driven by a package of npm."""

    package: str
    driver: str
    others: str = ""
    """What else of Debian it takes."""

    @property
    def version(self) -> str | None:
        browser, driver = Debian(self.package).version, Npm(self.driver, "", "").version
        return browser and driver and f"{browser}, {self.driver} {driver}"

    def __str__(self) -> str:
        return f"apt: {self.package}{self.others}; npm: {self.driver}"

    def command(self, name: str) -> Sequence[str]:
        return "node", str(CLIENTS / f"{name}.mjs"), str(NPM)


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One independent client."""

    name: str
    """That of its program in `clients/`."""
    title: str
    stack: str
    """Whose QUIC, and whose TLS."""
    installation: Installation
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Names of cases that it does not offer, each with the reason."""
    hosts: Mapping[str, str] = field(default_factory=lambda: HOSTS)
    """How it is told where a server listens."""
    is_quick: bool = True
    """It starts in less than a second, so `make test` may have it, too."""

    def command(self) -> Sequence[str]:
        """How to start it; see `clients/program.py`."""
        return self.installation.command(self.name)

    def origin(self, host: str, port: int) -> str:
        """The URL that it is given of a server that listens there."""
        return f"https://{self.hosts.get(host, host)}:{port}"


NO_DEED = "its interface offers none"
NO_VERSION = "its interface offers no choice of the version"
NO_WINDOWS = "its interface offers no choice of windows"
NO_STREAMING = "its interface takes a request's content only as a whole"
NO_SESSIONS = "keeps no TLS session for another connection"

COMMON = {
    "migration": NO_DEED,
    "key_update": NO_DEED,
    "version_2": NO_VERSION,
    "tiny_download": NO_WINDOWS,
}

CONTENDERS: tuple[Contender, ...] = (
    Contender(
        name="curl_cffi",
        title="curl-cffi",
        stack="ngtcp2, nghttp3, BoringSSL",
        installation=Pip("curl-cffi"),
        hosts=BY_ADDRESS,
        lacks={**COMMON, "early_data": "with BoringSSL, libcurl sends no early data"},
    ),
    Contender(
        name="qh3",
        title="qh3",
        stack="qh3 (Rust), rustls",
        installation=Pip("qh3"),
    ),
    Contender(
        name="niquests",
        title="niquests",
        stack="qh3 (Rust), rustls",
        installation=Pip("niquests"),
        lacks={
            **COMMON,
            "resumption": NO_SESSIONS,
            "early_data": NO_SESSIONS,
            "ipv6": "writes an IPv6 address into `:authority` without its brackets, which is"
            " malformed (RFC 3986 §3.2.2)",
        },
    ),
    Contender(
        name="httpcloak",
        title="httpcloak",
        stack="quic-go, uTLS",
        installation=Pip("httpcloak"),
        lacks={
            **{name: reason for name, reason in COMMON.items() if name != "key_update"},
            "upload": NO_STREAMING,
            "abort_upload": NO_STREAMING,
            "resumption": "offers a session only together with early data, and closes the"
            " connection when it may send none",
        },
    ),
    Contender(
        name="soyokaze",
        title="soyokaze",
        stack="quiche, BoringSSL",
        installation=Pip("soyokaze"),
        lacks={
            **COMMON,
            "upload": NO_STREAMING,
            "abort_upload": NO_STREAMING,
            "interim": "takes what follows a 103 for trailers, whichever server sends it",
            "resumption": NO_SESSIONS,
            "early_data": NO_SESSIONS,
            "ipv6": "takes no address for the name of a server",
        },
    ),
    Contender(
        name="gtlsclient",
        title="gtlsclient",
        stack="ngtcp2, nghttp3, GnuTLS",
        installation=Debian("ngtcp2-client"),
        lacks={
            "trailers": "cannot say `te: trailers`, without which the server sends none",
            "upload": NO_STREAMING,
            "abort_upload": NO_STREAMING,
        },
    ),
    Contender(
        name="curl",
        title="curl (pycurl)",
        stack="ngtcp2, nghttp3, GnuTLS",
        installation=Debian("python3-pycurl", "/usr/bin/python3"),
        hosts=BY_ADDRESS,
        lacks=COMMON,
    ),
    Contender(
        name="quic_go",
        title="quic-go",
        stack="quic-go, Go's crypto/tls",
        installation=Go("golang-github-lucas-clemente-quic-go-dev"),
        lacks={"migration": "the release 0.46 offers none"},
    ),
    Contender(
        name="bun",
        title="Bun",
        stack="lsquic, BoringSSL",
        installation=Npm("bun", "node_modules/.bin/bun", "ts"),
        hosts=BY_ADDRESS,
        lacks={**COMMON, "resumption": NO_SESSIONS, "early_data": NO_SESSIONS},
        is_quick=False,
    ),
    Contender(
        name="chromium",
        title="Chromium",
        stack="Google's quiche, BoringSSL",
        installation=Browser("chromium", "playwright-core"),
        hosts=BY_NAME,
        lacks={**COMMON, "trailers": "lets no page say `te: trailers`"},
        is_quick=False,
    ),
    Contender(
        name="firefox",
        title="Firefox",
        stack="neqo, NSS",
        installation=Browser("firefox-esr", "puppeteer-core", " libnss3-tools"),
        hosts=BY_NAME,
        lacks={
            **COMMON,
            "trailers": "lets no page say `te: trailers`",
            "upload": "lets no page send a stream",
            "abort_upload": "lets no page send a stream",
        },
        is_quick=False,
    ),
)


def contender_named(name: str) -> Contender:
    """The client of that name."""
    [found] = [each for each in CONTENDERS if each.name == name]
    return found
