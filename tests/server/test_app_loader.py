"""Tests of `server/app_loader.py`: one sentence for each way to name the wrong thing."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.config import Config
from h3producer.server.app_loader import AppKind, kind_of, load_app, parse_target
from h3producer.server.errors import AppLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def app_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory to import from; its modules and its place on the path are gone afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def load(directory: Path, target: str, source: str, *, factory: bool = False) -> object:
    (directory / "an_app.py").write_text(source)
    return load_app(Config(app=target, app_dir=str(directory), factory=factory))


# Finding


def test_an_object_is_taken_as_it_is() -> None:
    app = object()
    assert load_app(Config(app=app)) is app


def test_a_name_is_imported_from_the_app_dir(app_dir: Path) -> None:
    assert load(app_dir, "an_app:app", "app = 1") == 1


def test_the_attribute_may_be_dotted(app_dir: Path) -> None:
    assert load(app_dir, "an_app:a.b", "class a:\n    b = 2") == 2


def test_the_module_may_be_dotted(app_dir: Path) -> None:
    (app_dir / "a_package").mkdir()
    (app_dir / "a_package" / "inner.py").write_text("app = 3")
    assert load(app_dir, "a_package.inner:app", "") == 3


def test_the_app_dir_goes_to_the_front_of_the_path_once(app_dir: Path) -> None:
    load(app_dir, "an_app:app", "app = 1")
    load(app_dir, "an_app:app", "app = 1")
    assert sys.path[0] == str(app_dir)
    assert sys.path.count(str(app_dir)) == 1


def test_a_factory_is_called(app_dir: Path) -> None:
    assert load(app_dir, "an_app:make", "def make(): return 4", factory=True) == 4


def test_a_factory_may_be_an_object_too() -> None:
    assert load_app(Config(app=lambda: 5, factory=True)) == 5


@pytest.mark.parametrize(
    ("target", "source", "sentence"),
    [
        ("absent:app", "", "There is no module 'absent' in '.*'.*--app-dir"),
        ("absent.inner:app", "", "There is no module 'absent' in"),
        ("an_app:absent", "", "Module 'an_app' has no attribute 'absent'"),
        ("an_app:app.absent", "app = 1", "Module 'an_app' has no attribute 'app.absent'"),
        ("an_app:app", "import absent", "Module 'an_app' imports 'absent', which is not installed"),
        ("an_app:app", "1 / 0", "Importing 'an_app' failed: ZeroDivisionError: division by zero"),
        ("an_app:app", "raise KeyError()", r"Importing 'an_app' failed: KeyError\."),
        ("an_app:app", "def", "Importing 'an_app' failed: SyntaxError: invalid syntax"),
    ],
)
def test_what_cannot_be_found_is_one_sentence(
    app_dir: Path, target: str, source: str, sentence: str
) -> None:
    with pytest.raises(AppLoadError, match=sentence) as caught:
        load(app_dir, target, source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("make = 1", "'an_app:make' cannot be called, so it is no factory; leave --factory out"),
        ("def make(): 1 / 0", "The factory 'an_app:make' failed: ZeroDivisionError"),
        ("async def make(): pass", "The factory 'an_app:make' is async; make it an ordinary"),
    ],
)
def test_what_is_no_factory_is_one_sentence(app_dir: Path, source: str, sentence: str) -> None:
    with pytest.raises(AppLoadError, match=sentence):
        load(app_dir, "an_app:make", source, factory=True)


def test_an_error_inside_the_module_is_the_cause(app_dir: Path) -> None:
    with pytest.raises(AppLoadError) as caught:
        load(app_dir, "an_app:app", "1 / 0")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_missing_module_has_no_cause_worth_showing(app_dir: Path) -> None:
    with pytest.raises(AppLoadError) as caught:
        load(app_dir, "absent:app", "")
    assert caught.value.__cause__ is None


def test_an_attribute_error_of_a_property_is_the_cause(app_dir: Path) -> None:
    source = "class A:\n    @property\n    def b(self): return self.c\na = A()"
    with pytest.raises(AppLoadError) as caught:
        load(app_dir, "an_app:a.b", source)
    assert isinstance(caught.value.__cause__, AttributeError)


def test_no_application_is_one_sentence() -> None:
    with pytest.raises(AppLoadError, match="There is no application to serve; name one as"):
        load_app(Config())


# Names


def test_a_target_is_module_and_attribute() -> None:
    assert parse_target("a.b:c.d") == ("a.b", "c.d")


@pytest.mark.parametrize("target", ["", "hello", "hello:", ":app", "a..b:app", "a:b..c", "a.:b"])
def test_another_form_is_refused(target: str) -> None:
    with pytest.raises(AppLoadError, match="is not of the form 'module:attribute'"):
        parse_target(target)


@pytest.mark.parametrize("target", ["hello.py:app", "dir/hello.py:app", "dir/hello:app"])
def test_a_file_name_is_answered_with_the_module_name(target: str) -> None:
    with pytest.raises(AppLoadError, match="names a file; name the module, as in 'hello:app'"):
        parse_target(target)


# Kinds


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


async def handler(stream: Any) -> None: ...


class AsgiInstance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class HandlerInstance:
    async def __call__(self, stream: Any) -> None: ...

    async def method(self, stream: Any, *, option: int = 1) -> None: ...


async def with_more(stream: Any, option: int) -> None: ...


def decorated(*args: Any) -> None: ...


def sync_asgi(scope: Any, receive: Any, send: Any) -> None: ...


@pytest.mark.parametrize("app", [asgi, AsgiInstance(), decorated, sync_asgi])
def test_three_arguments_are_asgi(app: object) -> None:
    assert kind_of(app) is AppKind.ASGI


@pytest.mark.parametrize(
    "app",
    [
        handler,
        HandlerInstance(),
        HandlerInstance().method,
        functools.partial(with_more, option=1),
    ],
)
def test_an_async_callable_with_one_argument_is_a_handler(app: object) -> None:
    assert kind_of(app) is AppKind.HANDLER


def test_a_callable_without_a_signature_is_taken_for_asgi() -> None:
    class Compiled:
        __signature__ = "no signature"

        def __call__(self) -> None: ...

    assert kind_of(Compiled()) is AppKind.ASGI


def asgi2(scope: Any) -> None: ...


def wsgi(environ: Any, start_response: Any) -> None: ...


def make() -> None: ...


def four(a: Any, b: Any, c: Any, d: Any) -> None: ...


def sync_handler(stream: Any) -> None: ...


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        (1, "'int' cannot be called; an ASGI application takes"),
        (AsgiInstance, "'AsgiInstance' is a class, not an application; serve an instance of it"),
        (asgi2, "'asgi2' is an ASGI 2 application; wrap it"),
        (wsgi, "'wsgi' looks like a WSGI application; wrap it in a2wsgi"),
        (make, "'make' takes no arguments; if calling it makes the application, add --factory"),
        (four, "'four' takes 4 arguments"),
        (sync_handler, "'sync_handler' is not async; a handler is an 'async def'"),
    ],
)
def test_anything_else_is_one_sentence(app: object, sentence: str) -> None:
    with pytest.raises(AppLoadError, match=sentence):
        kind_of(app)
