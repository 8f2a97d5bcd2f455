"""The house is tested like behaviour: who may import whom, and how big a file may grow.

Reads the source with `ast` and never imports it. A failure is a sentence that says which import
looks up, or which file outgrew its idea.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "h3producer"

# Rooms, lowest floor first. A room may import from strictly lower floors, and from itself.
FLOORS: dict[str, int] = {
    "errors": 0,
    "config": 0,
    "wire": 1,
    "pipe": 1,
    "http3": 2,
    "quic": 3,
    "asgi": 3,
    "observe": 4,
    "server": 5,
    "client": 6,
    "trace": 7,
    "top": 7,
    "cli": 8,
    "__main__": 9,
    "__init__": 9,
}

# What each ring may not touch. The core takes time as a number or through the loop's clock.
WIRE_BANS = {"asyncio", "threading", "time", "socket", "ssl", "signal", "os", "logging"}
CORE_BANS = {"socket", "ssl", "signal", "subprocess", "os", "selectors"}
BANS: dict[str, set[str]] = {
    "errors": WIRE_BANS,
    "config": WIRE_BANS,
    "wire": WIRE_BANS,
    "pipe": CORE_BANS,
    "http3": CORE_BANS,
}

# Third-party names stop at the border: each library has the one module that may import it.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "aioquic": ("quic.aioquic",),
    "pylsqpack": ("wire.qpack",),
    "cryptography": ("quic", "server"),
    "click": ("cli",),
    "rich": ("top", "cli.top"),
    "uvloop": ("server.event_loop",),
    "watchfiles": ("server.workers.changes",),
    "h11": ("observe.admin",),
    "prometheus_client": ("observe.prometheus",),
    "wsproto": (
        "asgi.websocket.frames",
        "asgi.websocket.extensions",
        "server.tcp.request",
    ),
    "hypercorn": (
        "server.tcp.conversation",
        "server.tcp.protocols",
        "server.tcp.response_buffer",
        "server.tcp.stream",
    ),
    "h2": ("server.tcp.protocols",),
    "hyperframe": ("server.tcp.protocols",),
}

MAX_FILE_LINES = 320
MAX_FUNCTION_LINES = 50


def modules() -> list[str]:
    """Dotted names below the package, `__init__` spelled out."""
    return sorted(
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py")
    )


def source_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def imports_of(module: str) -> Iterator[str]:
    """Every imported module or name, dotted, type-checking imports included."""
    for node in ast.walk(ast.parse(source_of(module).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}.py must not use relative imports."
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(module: str) -> Iterator[str]:
    """Imports of our own package, without its name."""
    for name in imports_of(module):
        head, _, rest = name.partition(".")
        if head == "h3producer":
            yield rest


@pytest.mark.parametrize("module", modules())
def test_every_room_has_a_floor_and_looks_down_only(module: str) -> None:
    room = room_of(module)
    assert room in FLOORS, f"{module}.py is in no room: give it a floor."
    for name in ours(module):
        other = name.split(".")[0]
        if other == room:
            continue
        assert other in FLOORS, f"{module}.py imports from the facade; name the defining module."
        assert FLOORS[other] < FLOORS[room], (
            f"{module}.py (floor {FLOORS[room]}) must not import {name} (floor {FLOORS[other]})."
        )


def test_no_room_has_a_circle() -> None:
    known = set(modules())
    graph = {module: {d for d in dependencies(module, known) if d != module} for module in known}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " imports ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def dependencies(module: str, known: set[str]) -> Iterator[str]:
    """The modules of ours that one imports; a package counts as its `__init__`."""
    for name in ours(module):
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            candidate = ".".join(parts[:length])
            if candidate in known:
                yield candidate
                break
            if f"{candidate}.__init__" in known:
                yield f"{candidate}.__init__"
                break


@pytest.mark.parametrize("module", [m for m in modules() if room_of(m) in BANS])
def test_lower_rings_do_not_touch_the_world(module: str) -> None:
    for name in imports_of(module):
        head = name.split(".")[0]
        assert head not in BANS[room_of(module)], f"{module}.py must not import {head}."


@pytest.mark.parametrize("module", modules())
def test_third_party_names_stop_at_the_border(module: str) -> None:
    for name in imports_of(module):
        owners = LIBRARIES.get(name.split(".")[0])
        if owners is not None:
            assert any(module == owner or module.startswith(f"{owner}.") for owner in owners), (
                f"{module}.py must not import {name}; only {' and '.join(owners)} may."
            )


@pytest.mark.parametrize("module", modules())
def test_files_and_functions_stay_small(module: str) -> None:
    text = source_of(module).read_text()
    lines = text.count("\n")
    assert lines <= MAX_FILE_LINES, f"{module}.py has {lines} lines: one concept, or two?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, (
                f"{module}.py: {node.name} has {length} lines; find the second idea in it."
            )


@pytest.mark.parametrize("module", modules())
def test_every_file_opens_by_saying_what_it_knows(module: str) -> None:
    docstring = ast.get_docstring(ast.parse(source_of(module).read_text()))
    assert docstring, f"{module}.py has no docstring."


@pytest.mark.parametrize("module", modules())
def test_private_names_stay_private(module: str) -> None:
    for name in ours(module):
        last = name.split(".")[-1]
        assert not last.startswith("_") or last.startswith("__"), (
            f"{module}.py imports the private name {name}."
        )
