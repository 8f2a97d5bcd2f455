"""The image: its file is what hadolint lets pass, and what it promises is what it sets.

A real image takes a registry and minutes: `docs/deploy/container.md` says how one was made.
"""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from h3producer.cli.get import get
from h3producer.cli.options import SERVE_OPTIONS
from tests.cli.test_options import config_of
from tests.deploy.recipes import RECIPES, ROOT, seconds_to_stop
from tests.docs.blocks import blocks_of, commands_of

pytestmark = pytest.mark.once

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LINES = DOCKERFILE.replace("\\\n", " ").splitlines()
HADOLINT = Path(sys.executable).parent / "hadolint"


def instructions(name: str) -> list[str]:
    """The arguments of all instructions of a kind, in order."""
    return [line.partition(" ")[2].strip() for line in LINES if line.split(" ")[0] == name]


def environment() -> dict[str, str]:
    (words,) = instructions("ENV")
    return dict(word.split("=", 1) for word in words.split())


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed")
@pytest.mark.parametrize("file", [ROOT / "Dockerfile", RECIPES / "container" / "Dockerfile"])
def test_hadolint_has_nothing_to_say(file: Path) -> None:
    found = subprocess.run([HADOLINT, file], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_each_variable_is_one_of_ours_and_makes_a_valid_configuration() -> None:
    ours = {name: value for name, value in environment().items() if "H3PRODUCER_" in name}
    known = {name for option in SERVE_OPTIONS for name in option.envvar or ()}
    assert set(ours) <= known
    config = config_of(env=ours)
    assert config.bind == (":4433",)
    assert instructions("EXPOSE") == ["4433/udp"]


def test_it_does_not_run_as_root() -> None:
    (user,) = instructions("USER")
    uid, gid = user.split(":")
    assert int(uid) >= 10_000 <= int(gid), "A number, far from those of the host's accounts."


def test_its_end_is_the_graceful_one() -> None:
    """TERM reaches us, and nothing of a shell, only if the entry point is no string."""
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    (entry,) = instructions("ENTRYPOINT")
    assert json.loads(entry) == ["h3producer"]


def test_its_health_check_asks_the_health_path_and_takes_no_503_for_health() -> None:
    (check,) = instructions("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[:2] == ["h3producer", "get"]
    assert command[-1].endswith(environment()["H3PRODUCER_HEALTH_PATH"])
    given = get.make_context("get", command[2:]).params
    assert given["fail"]
    assert given["insecure"], "It is made out to another name than this address."


def test_only_what_the_wheel_is_made_of_goes_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    taken = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {name for line in instructions("COPY")[:2] for name in line.split()[:-1]}
    assert {name.removeprefix("./") for name in copied} == taken
    assert all((ROOT / name).exists() for name in taken)
    assert not any(fnmatch.fnmatch("certs", name) for name in taken)


def test_python_is_new_enough() -> None:
    (base,) = instructions("ARG")
    version = re.search(r"python:3\.(\d+)-slim", base)
    assert version is not None
    assert int(version[1]) >= 11


def commands(verb: str) -> list[list[str]]:
    """The words of each `docker VERB` on the page."""
    lines = [
        shlex.split(command.text)
        for block in blocks_of("docs/deploy/container.md")
        if block.language == "console"
        for command in commands_of(block)
    ]
    assert all(words[0] == "docker" for words in lines)
    return [words[2:] for words in lines if words[1] == verb]


def test_the_page_builds_from_files_that_are_there() -> None:
    builds = commands("build")
    files = [words[words.index("--file") + 1] for words in builds if "--file" in words]
    assert [file for file in files if not (ROOT / file).exists()] == []
    arguments = {word.partition("=")[0] for words in builds for word in words if "=" in word}
    assert arguments <= {line.partition("=")[0] for line in instructions("ARG")}


def test_the_page_publishes_udp_and_leaves_time_for_the_end() -> None:
    (words,) = commands("run")
    assert words[words.index("--publish") + 1].endswith(f":{instructions('EXPOSE')[0]}")
    assert int(words[words.index("--stop-timeout") + 1]) > seconds_to_stop(config_of())
