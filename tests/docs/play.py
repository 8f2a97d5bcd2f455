"""A page, block by block, as somebody would who types it all in.

This file knows what is done with a block of each language. It refuses to know single programs
(`programs.py`) and kinds of requests (`callers.py`).

Its one rule: a page is one course. Files that its Python blocks name are there for its commands,
names that they define are there for later blocks, and a server runs until the next one starts.
"""

from __future__ import annotations

import ast
import asyncio
import configparser
import inspect
import json
import re
import sys
import tomllib
from contextlib import chdir
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

import h3producer
from tests.docs.blocks import ROOT, commands_of
from tests.docs.callers import call
from tests.docs.programs import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.server.certificates.files import CertificateFiles
    from tests.docs.blocks import Block
    from tests.docs.stage import Stage

__all__ = ["Play"]

_APPLICATIONS: Final = ("app", "application", "handle", "handler")
"""What an application is called on a page."""


class Play:
    """One page's course; see the module."""

    def __init__(self, stage: Stage, files: CertificateFiles) -> None:
        self._stage = stage
        self._files = files
        self._names: dict[str, Any] = {"h3producer": h3producer}  # whatever a page defines

    def run(self, block: Block) -> None:
        """Do what is done with a block. Raises what goes wrong."""
        if block.language == "python":
            self._python(block)
        elif block.language == "console":
            for command in commands_of(block):
                carry_out(command, self._stage)
        elif block.language in _PARSERS:
            _PARSERS[block.language](block.text)
        elif block.language not in ("", "text") or "\n$ " in f"\n{block.text}":
            raise ValueError(
                f"{block.where}: nothing is known of a block of '{block.language}'; output and "
                "drawings are 'text', commands 'console'."
            )

    def _python(self, block: Block) -> None:
        if named := re.match(r"# ([\w/.-]+\.py)\n", block.text):
            _check_example(named[1], block)
            path = self._stage.directory / named[1]
            if not named[1].startswith("examples/"):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile("\n" * block.line + block.text, block.page, "exec", flags, True)
        before = dict(self._names)
        self._names["__name__"] = named[1].removesuffix(".py") if named else "page"
        with chdir(self._stage.directory), pytest.MonkeyPatch.context() as patched:
            for variable, value in self._stage.environment.items():
                patched.setenv(variable, value)
            patched.setattr("sys.path", [str(self._stage.directory), *sys.path])
            try:
                result = eval(code, self._names)
                if inspect.iscoroutine(result):
                    asyncio.run(result)
            finally:
                self._forget_modules()
            for name in _APPLICATIONS:
                app = self._names.get(name)
                if app is not None and app is not before.get(name):
                    call(app, block.remarks.get("asked by", "requests"), self._files)

    def _forget_modules(self) -> None:
        """Another page may have a module of the same name."""
        directory = str(self._stage.directory)
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(directory):
                del sys.modules[name]


def _check_example(name: str, block: Block) -> None:
    """What is said to be a file of the repository is in it, but for comments and annotations."""
    if name.startswith("examples/"):
        path = ROOT / name
        assert path.exists(), f"{block.where}: there is no {name}"
        missing = _statements(block.text) - _statements(path.read_text())
        assert not missing, f"{block.where}: {name} has it differently: {missing}"


def _statements(code: str) -> set[str]:
    """The statements of a module as they are printed without annotations and docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            if ast.get_docstring(node) is not None:
                del node.body[0]
        elif isinstance(node, ast.arg):
            node.annotation = None
    return {ast.unparse(statement) for statement in tree.body}


def _ini(text: str) -> None:
    configparser.RawConfigParser(strict=False, allow_no_value=True).read_string(text)


def _html(text: str) -> None:
    HTMLParser().feed(text)


_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "ini": _ini,
    "html": _html,
}
