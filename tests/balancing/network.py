"""Several machines on one switch, each a network namespace of this one. Linux, and as root.

    with Network.made() as network:
        host = network.add("alpha", 11)
        subprocess.run([*host.inside, "ip", "address"])

This file knows namespaces, devices and addresses. It refuses to know what runs on the machines. Its
one rule: whatever it made is gone when its block ends, whoever still sits in it.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEVICE", "SERVICE", "Network", "NoNetworkError", "Node", "mac_of"]

SUBNET = "10.77.0"
SERVICE = f"{SUBNET}.100"
"""The one address that clients know, and that all hosts answer from."""

DEVICE = "net0"
"""What a machine calls its way to the switch."""

_counter = itertools.count()


class NoNetworkError(Exception):
    """Namespaces cannot be made here; the message says why."""


@dataclass(frozen=True)
class Node:
    """One machine."""

    namespace: str
    number: int

    @property
    def address(self) -> str:
        return f"{SUBNET}.{self.number}"

    @property
    def inside(self) -> tuple[str, ...]:
        """What to put in front of a command that is to run there."""
        return "ip", "netns", "exec", self.namespace


class Network:
    """The switch, and the machines on it."""

    def __init__(self) -> None:
        self._prefix = f"h3p-{os.getpid()}-{next(_counter)}-"
        self._switch = self._prefix + "switch"
        self._namespaces: list[str] = []

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[Network]:
        """One without machines. Raises `NoNetworkError`."""
        network = cls()
        try:
            network._begin()
            yield network
        finally:
            network._end()

    def add(self, name: str, number: int, *more: int, serves: bool = False) -> Node:
        """A machine with the addresses of these numbers.

        With `serves` it takes what is for `SERVICE`, too, but lets nobody else know.
        """
        node = Node(self._namespace(self._prefix + name), number)
        commands = [
            f"link add to-{name} type veth peer name {DEVICE} netns {node.namespace}",
            f"link set to-{name} master bridge up",
        ]
        _ip(self._switch, *commands)
        addresses = [f"address add {SUBNET}.{each}/24 dev {DEVICE}" for each in (number, *more)]
        if serves:
            # As hosts behind a balancer with direct return do: they have the service's address, and
            # answer no question about it.
            for setting in ("arp_ignore=1", "arp_announce=2"):
                _run(*node.inside, "sysctl", "-qw", f"net.ipv4.conf.all.{setting}")
            addresses.append(f"address add {SERVICE}/32 dev lo")
        mac = f"link set {DEVICE} address {mac_of(node.address)} up"
        _ip(node.namespace, "link set lo up", mac, *addresses)
        return node

    def _begin(self) -> None:
        for program in ("ip", "sysctl"):
            if shutil.which(program) is None:
                raise NoNetworkError(f"there is no `{program}` here")
        _ip(self._namespace(self._switch), "link add bridge type bridge", "link set bridge up")

    def _namespace(self, name: str) -> str:
        _run("ip", "netns", "add", name)
        self._namespaces.append(name)
        return name

    def _end(self) -> None:
        for name in self._namespaces:
            _run("ip", "netns", "delete", name)


def mac_of(address: str) -> str:
    """That of the machine which has this as its first address."""
    return ":".join(["02", "00", *(f"{int(each):02x}" for each in address.split("."))])


def _ip(namespace: str, *commands: str) -> None:
    _run("ip", "-n", namespace, "-batch", "-", stdin="\n".join(commands))


def _run(*command: str, stdin: str = "") -> None:
    try:
        subprocess.run(command, input=stdin, text=True, check=True, capture_output=True, timeout=10)
    except subprocess.CalledProcessError as error:
        raise NoNetworkError(f"`{' '.join(command)}`: {error.stderr.strip()}") from error
