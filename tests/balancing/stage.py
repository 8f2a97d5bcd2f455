"""Hosts behind a balancer, and clients before it, each on a machine of its own.

This file knows how the programs are started and spoken to. It refuses to know what is shown with
them. Its one rule: whatever was started on a stage has ended with it.

      clients ── NAT ──┐                       ┌── alpha
    10.77.0.201 … 209  ├── switch ─ balancer ──┼── beta     all of them answer as 10.77.0.100,
                       │                       └── …        and to clients directly
                       └──────────────────────────┘
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import ChainMap
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.balancing.network import DEVICE, SERVICE, Network, Node
from tests.e2e.server import command_server
from tests.interop.authority import Authority
from tests.interop.client_process import ROOT, ClientProcess
from tests.interop.roster import contender_named
from tests.soak.host import watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tests.interop.roster import Installation
    from tests.soak.host import Host

__all__ = ["OUTSIDE", "Form", "Program", "Stage"]

PORT = 4433
FIRST_HOST = 11
CLIENTS, *MORE_CLIENTS = range(201, 210)
OUTSIDE = [f"10.77.0.{number}" for number in (CLIENTS, *MORE_CLIENTS)]
"""Addresses that clients are seen at."""

PATIENCE = 50.0
"""Seconds for an answer of a program: a fuse, just below that of a test."""


@dataclass(frozen=True)
class Form:
    """A configuration that balancer and hosts share; no key, no encryption."""

    config_id: int = 0
    key: str | None = None
    server_id_length: int = 4
    """Far more bytes than there are hosts: what a client chooses is none of their IDs, but once in
    four billion times."""
    nonce_length: int = 8

    def server_id(self, number: int) -> str:
        """A host's, in this configuration: "c0ffee" and its number."""
        return (b"\xc0\xff\xee".ljust(self.server_id_length - 1) + bytes((number,))).hex()

    def for_balancer(self, hosts: dict[str, str]) -> dict[str, Any]:
        """As the draft's YANG model for middleboxes has it; `hosts` are addresses by server ID."""
        content: dict[str, Any] = {
            "config-rotation-bits": self.config_id,
            "server-id-length": self.server_id_length,
            "nonce-length": self.nonce_length,
            "server-id-mappings": [
                {"server-id": server_id, "server-address": address}
                for server_id, address in hosts.items()
            ],
        }
        return content if self.key is None else {**content, "cid-key": self.key}

    def in_file(self, number: int) -> dict[str, Any]:
        """As the draft's YANG model for servers has it."""
        content: dict[str, Any] = {
            "config-id": self.config_id,
            "server-id-length": self.server_id_length,
            "nonce-length": self.nonce_length,
            "server-id": self.server_id(number),
        }
        return content if self.key is None else {**content, "cid-key": self.key}

    def for_host(self, number: int, directory: Path) -> list[str]:
        """Options of the command line."""
        options = ["--lb-server-id", self.server_id(number)]
        options += ["--lb-config-id", str(self.config_id)]
        options += ["--lb-nonce-length", str(self.nonce_length)]
        if self.key is not None:
            path = directory / f"lb-key-{self.config_id}"
            path.write_text(self.key + "\n")
            options += ["--lb-key-file", str(path)]
        return options


class Program:
    """A process that answers each line with a line of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    async def hear(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            line = await self._stdout.readline()
        assert line, "a program on the stage has died"
        return json.loads(line)

    async def say(self, line: str) -> Any:
        self._stdin.write(line.encode() + b"\n")
        return await self.hear()


@dataclass(frozen=True)
class Inside:
    """An independent client as it is installed, but run on another machine."""

    node: Node
    installation: Installation

    @property
    def version(self) -> str | None:
        return self.installation.version

    def command(self, name: str) -> Sequence[str]:
        return (*self.node.inside, *self.installation.command(name))


@dataclass
class Place:
    """A machine for a host, and the configurations of its IDs."""

    node: Node
    forms: Sequence[Form]

    def addresses(self, form: Form) -> dict[str, str]:
        """Its own by its server ID in a configuration; none if it is not in use."""
        is_used = form in self.forms
        return {form.server_id(self.node.number): self.node.address} if is_used else {}


@dataclass
class Stage:
    """One balancer, one machine for clients, and as many hosts as are added."""

    network: Network
    directory: Path
    hosts: dict[str, Host] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    @asynccontextmanager
    async def set_up(cls, directory: Path) -> AsyncIterator[Stage]:
        """One without hosts. Raises `NoNetworkError`."""
        with Network.made() as network:
            stage = cls(network, directory)
            async with stage._stack:
                await stage._begin()
                yield stage

    async def _begin(self) -> None:
        self.authority = Authority.made_in(self.directory)
        (self.directory / "secret").write_bytes(os.urandom(32))
        balancer = self.network.add("balancer", 2, 100)
        self._balancer = await self._program(balancer, "balancer", SERVICE, str(PORT), DEVICE)
        self.clients = self.network.add("clients", CLIENTS, *MORE_CLIENTS)
        cafile = str(self.authority.cafile)
        self.crowd = await self._program(
            self.clients, "behind_nat", SERVICE, str(PORT), cafile, OUTSIDE[0]
        )
        self._nat_port: int = await self.crowd.hear()

    async def add_hosts(self, form: Form, *names: str, options: Sequence[str] = ()) -> None:
        """Start servers on machines of their own; nobody is sent there yet.

        By default, the options that the configuration needs are those of the command line.
        """

        async def start(name: str) -> None:
            place = self._places[name]
            command = [*self._command(), *options]
            if not options:
                command += form.for_host(place.node.number, self.directory)
            starting = command_server(*command, inside=place.node.inside, HOST=name)
            server = await self._stack.enter_async_context(starting)
            self.hosts[name] = await self._stack.enter_async_context(watching(server))

        for name in names:
            node = self.network.add(name, self._number(name), serves=True)
            self._places[name] = Place(node, [form])
        async with asyncio.TaskGroup() as starts:
            for name in names:
                starts.create_task(start(name))

    def _command(self) -> list[str]:
        files = self.authority
        command = ["tests.balancing.app:app", "--bind", f"{SERVICE}:{PORT}", "--no-access-log"]
        command += ["--certfile", str(files.certfile), "--keyfile", str(files.keyfile)]
        command += ["--secret-file", str(self.directory / "secret"), "--drain-delay", "0.5"]
        # Clients that were killed have not said so, and a host that ends waits for them so long.
        command += ["--idle-timeout", "10"]
        # Nobody is slow here, but a machine may be that does a lot of other things.
        return [*command, "--min-request-data-rate", "none", "--min-response-data-rate", "none"]

    async def route(self, welcoming: Sequence[str], known: Sequence[str]) -> tuple[int, int]:
        """Have the balancer send new clients here, and there what has an ID of these.

        How many datagrams went by ID, and by address, until then is returned.
        """
        places = [self._places[name] for name in known]
        configs = []
        for form in dict.fromkeys(form for place in places for form in place.forms):
            addresses = [place.addresses(form) for place in places]
            configs.append(form.for_balancer(dict(ChainMap(*addresses))))
        welcome = [self._places[name].node.address for name in welcoming]
        table = {"cid-configs": configs, "welcoming": welcome}
        by_id, by_address = await self._balancer.say(json.dumps(table))
        return by_id, by_address

    def configure(self, name: str, *forms: Form) -> Path:
        """Write a file with these configurations for a host, the first of which is to be used."""
        number = self._number(name)
        path = self.directory / f"lb-{name}.json"
        path.write_text(json.dumps([form.in_file(number) for form in forms]))
        if name in self._places:
            self._places[name].forms = forms
        return path

    def forget(self, name: str, form: Form) -> None:
        """The balancer is not to be told of this one any more."""
        place = self._places[name]
        place.forms = [each for each in place.forms if each != form]

    def _number(self, name: str) -> int:
        place = self._places.get(name)
        return FIRST_HOST + len(self._places) if place is None else place.node.number

    def client(self, name: str) -> ClientProcess:
        """An independent client behind the NAT."""
        contender = contender_named(name)
        elsewhere = replace(contender, installation=Inside(self.clients, contender.installation))
        client = ClientProcess(elsewhere, ("127.0.0.1", self._nat_port), self.authority.cafile)
        self._stack.push_async_callback(client.close)
        return client

    async def _program(self, node: Node, name: str, *arguments: str) -> Program:
        process = await asyncio.create_subprocess_exec(
            *(*node.inside, sys.executable, "-m", f"tests.balancing.{name}", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )

        async def end() -> None:
            if process.returncode is None:
                process.kill()
            await process.communicate()

        self._stack.push_async_callback(end)
        return Program(process)
