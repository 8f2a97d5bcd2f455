"""What the README says is so: its code runs, its commands, options, names and paths exist."""

from __future__ import annotations

import re
import runpy
from typing import TYPE_CHECKING

import pytest

import h3producer
from h3producer.cli.options import SERVE_OPTIONS, config_from_options
from tests.e2e.readme import README, ROOT, blocks, commands, options, paths
from tests.e2e.server import command, command_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve


def block(marker: str) -> str:
    """The one Python block with this in it."""
    [found] = [each for each in blocks("python") if marker in each]
    return found


async def test_the_first_app_is_served_and_fetched_as_written(tmp_path: Path) -> None:
    said = dict(commands())
    assert "h3producer hello:app" in said
    [(get, shown)] = [each for each in said.items() if each[0].startswith("h3producer get ")]
    (tmp_path / "hello.py").write_text(block("# hello.py"))
    home = str(tmp_path / "home")

    where = ("--app-dir", str(tmp_path), "--port", "0")
    async with command_server("hello:app", *where, XDG_STATE_HOME=home) as server:
        url = get.removeprefix("h3producer get ").replace("4433", str(server.address[1]))
        got = await command("get", url, XDG_STATE_HOME=home)

    assert (got.exit_code, got.stdout.decode()) == (0, shown)


def test_the_first_app_has_twelve_lines() -> None:
    lines = [line for line in block("# hello.py").splitlines() if not line.startswith("#")]
    assert len(lines) <= 12


async def test_the_handler_echoes(tmp_path: Path, serve: Serve, connect: Connect) -> None:
    source = tmp_path / "handler.py"
    source.write_text(block("async def handle("))
    client = await connect(await serve(runpy.run_path(str(source))["handle"]))

    assert bytes((await client.post("/", b"echo")).body) == b"echo"


def test_the_handler_is_the_example() -> None:
    code = block("async def handle(").partition("\n")[2]
    without_comments = re.sub(
        r"^ *#.*\n", "", (ROOT / "examples/handler.py").read_text(), flags=re.MULTILINE
    )
    assert code.partition("\n")[2] in without_comments


async def test_a_server_can_be_embedded_as_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    names: dict[str, object] = {"h3producer": h3producer}
    exec(block("# hello.py"), names)
    body = "".join(f"    {line}\n" for line in block("h3producer.Server(").splitlines())
    exec(f"async def embed():\n{body}", names)

    await names["embed"]()  # type: ignore[operator]  # defined by the line above

    assert "('127.0.0.1', " in capsys.readouterr().out


def test_every_make_command_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`?make ([a-z-]+)", README))
    assert {"serve", "test"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_path_exists() -> None:
    assert [path for path in sorted(paths()) if not (ROOT / path).exists()] == []


def test_every_option_exists() -> None:
    known = {name for option in SERVE_OPTIONS for name in (*option.opts, *option.secondary_opts)}
    curls = {"--http3-only"}
    chromes = {
        "--origin-to-force-quic-on",
        "--ignore-certificate-errors-spki-list",
        "--enable-features",
    }
    named = set(re.findall(r"`(--[a-z][a-z0-9-]+)", README)) | set(options())
    assert named - known - curls - chromes - {"--help", "--version"} == set()


@pytest.mark.parametrize(("option", "default"), options().items())
def test_every_default_is_the_default(option: str, default: str) -> None:
    config = config_from_options("hello:app", {})
    value = getattr(config, option.removeprefix("--").replace("-", "_"))
    if default.endswith("k"):
        assert value == int(default[:-1]) * 1024
    elif default == "off":
        assert value is False
    else:
        assert str(value if value is not None else "") in (default, f"{default}.0")


def test_every_public_name_exists() -> None:
    named = set(re.findall(r"\bh3producer\.([A-Za-z_]+)\b", README)) - {"pipe"}
    assert {name for name in named if not hasattr(h3producer, name)} == set()
