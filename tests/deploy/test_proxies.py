"""The recipes of docs/deploy/proxies.md: their programs take them, and what the page says is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from tests.deploy.__main__ import TABLE
from tests.deploy.proxies import PROXIES, Proxy, free_port
from tests.deploy.proxy_cases import CASES, Witness, facts_of
from tests.deploy.recipes import RECIPES
from tests.e2e.raw_client import RawClient
from tests.e2e.server import address_of

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.server.certificates.files import CertificateFiles
    from h3producer.server.server import Server
    from tests.e2e.server import Serve

pytestmark = pytest.mark.once

PAGE = (RECIPES / "proxies.md").read_text()

QUICK = (
    "the application is asked by",
    "it knows the client's address",
    "the client's port changes",
    "pieces of a response",
    "103 Early Hints",
    "an application whose client leaves",
)
"""Rows that take no time; the whole table is made by `python -m tests.deploy`."""

every_proxy = pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: proxy.recipe)


def column_of(proxy: Proxy) -> dict[str, str]:
    """What the table on the page says of a proxy, by the names of the rows."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TABLE.of(PAGE).splitlines()
    ]
    (place,) = (place for place, cell in enumerate(rows[0]) if cell.startswith(f"{proxy.title} ("))
    return {row[0]: row[place] for row in rows[2:]}


def need(proxy: Proxy) -> None:
    if why := proxy.missing():
        pytest.skip(f"{why}, see tests/deploy/install-debian.sh")


@every_proxy
def test_the_program_takes_the_recipe(
    proxy: Proxy, tmp_path: Path, files: CertificateFiles
) -> None:
    need(proxy)
    assert proxy.complaints(proxy.written(tmp_path, files, free_port(), free_port())) == ""


@every_proxy
def test_the_program_would_find_a_fault(
    proxy: Proxy, tmp_path: Path, files: CertificateFiles
) -> None:
    need(proxy)
    config = proxy.written(tmp_path, files, free_port(), free_port())
    config.write_text(config.read_text() + "\nno_such_word {\n")
    assert proxy.complaints(config) != ""


@every_proxy
async def test_what_the_table_says_of_it_is_so(
    proxy: Proxy, tmp_path: Path, files: CertificateFiles, serve: Serve
) -> None:
    need(proxy)
    witness = Witness()
    server = await serve(witness, **({"with_tcp": True} if proxy.over_tcp else {}))
    front = free_port()
    config = proxy.written(tmp_path, files, front, address_of(server)[1])
    found = {}
    async with proxy.running(config):
        for case in QUICK:
            async with RawClient.connected(("127.0.0.1", front), cafile=files.certfile) as client:
                found[case] = await CASES[case](client, witness)
    column = column_of(proxy)
    assert found == {case: column[case] for case in QUICK}


@pytest.mark.parametrize(
    "proxy", [each for each in PROXIES if "UDP" in each.title], ids=lambda proxy: proxy.recipe
)
async def test_a_client_whose_port_changes_stays_with_its_server_of_two(
    proxy: Proxy, tmp_path: Path, files: CertificateFiles, serve: Serve
) -> None:
    need(proxy)
    servers = [await serve(Witness()) for _ in range(2)]
    front = free_port()
    config = proxy.written(tmp_path, files, front, address_of(servers[0])[1])
    config.write_text(_with_second(config.read_text(), *servers))
    async with (
        proxy.running(config),
        RawClient.connected(("127.0.0.1", front), cafile=files.certfile) as client,
    ):
        for _ in range(8):
            before = await facts_of(client)
            await client.move()
            assert (await facts_of(client))["client"] != before["client"]


def _with_second(text: str, first: Server, second: Server) -> str:
    """A recipe for two servers: the line, or the entry, of the first again for the second."""
    first_port, second_port = (str(address_of(each)[1]) for each in (first, second))
    begin = text.index("- endpoint:") if "- endpoint:" in text else None
    if begin is None:
        line = next(line for line in text.splitlines(keepends=True) if f":{first_port};" in line)
        return text.replace(line, line + line.replace(first_port, second_port))
    begin = text.rindex("\n", 0, begin) + 1
    entry = text[begin:]
    return text + entry.replace(first_port, second_port)


def test_settings_for_servers_behind_a_proxy_are_ours() -> None:
    assert "--max-connections-per-address none" in PAGE
    assert Config(max_connections_per_address=None).max_connections_per_address is None
