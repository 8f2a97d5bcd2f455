"""From `"module:attribute"` to something that can be served, and what kind of thing it is.

This file knows imports and signatures. It refuses to know HTTP: it never calls the application,
except a factory, which is what a factory is for.

Its one rule: each way to get this wrong has its own sentence, and the sentence says what to do.

| what `app` is | how it is known | becomes |
|---|---|---|
| ASGI 3 application | takes `(scope, receive, send)` | `AppKind.ASGI` |
| handler without ASGI | `async`, takes one argument, the stream | `AppKind.HANDLER` |
| ASGI 2 double callable, WSGI, class, factory without `factory` | its parameters | `AppLoadError` |
"""

from __future__ import annotations

import enum
import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.server.errors import AppLoadError

if TYPE_CHECKING:
    from types import ModuleType

    from h3producer.config import Config

__all__ = ["AppKind", "kind_of", "load_app", "parse_target"]

_KINDS = "an ASGI application takes (scope, receive, send), a handler is async and takes the stream"


class AppKind(enum.Enum):
    """How an application is to be called."""

    ASGI = "asgi"
    HANDLER = "handler"


def load_app(config: Config) -> object:
    """The application that `config` names, or `config.app` itself if it is not a string.

    Imports it from `config.app_dir`, and calls it if `config.factory`. Raises `AppLoadError`;
    if code of the application raised, with that exception as its `__cause__`.
    """
    app, name = config.app, "The application"
    if app is None:
        raise AppLoadError("There is no application to serve; name one as 'module:attribute'.")
    if isinstance(app, str):
        app, name = _find(app, config.app_dir), f"'{app}'"
    return _call_factory(app, name) if config.factory else app


def kind_of(app: object) -> AppKind:
    """Whether `app` is an ASGI application or a handler; raises `AppLoadError` if neither."""
    name = f"'{getattr(app, '__name__', type(app).__name__)}'"
    if not callable(app):
        raise AppLoadError(f"{name} cannot be called; {_KINDS}.")
    if inspect.isclass(app):
        raise AppLoadError(
            f"{name} is a class, not an application; serve an instance of it, or add --factory "
            f"if calling it without arguments makes one."
        )
    try:
        parameters = list(inspect.signature(app).parameters.values())
    except (TypeError, ValueError):
        # Compiled callables may have no signature; what is compiled is a framework's.
        return AppKind.ASGI
    return _kind_by_parameters(app, name, parameters)


def parse_target(target: str) -> tuple[str, str]:
    """Split `"module:attribute"`; raises `AppLoadError` if it is not of that form."""
    module, _, attributes = target.partition(":")
    if module.endswith(".py") or "/" in module or "\\" in module:
        hint = f"{Path(module).stem}:{attributes or 'app'}"
        raise AppLoadError(
            f"'{target}' names a file; name the module, as in '{hint}', and its directory "
            f"with --app-dir."
        )
    if not all([*module.split("."), *attributes.split(".")]):
        raise AppLoadError(f"'{target}' is not of the form 'module:attribute', as in 'hello:app'.")
    return module, attributes


def _find(target: str, app_dir: str) -> object:
    module_name, attributes = parse_target(target)
    found: object = _import(module_name, app_dir)
    for attribute in attributes.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError as error:
            raise AppLoadError(
                f"Module '{module_name}' has no attribute '{attributes}'."
            ) from _unless_missing(error, attribute)
    return found


def _import(module_name: str, app_dir: str) -> ModuleType:
    directory = str(Path(app_dir).resolve())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # The module itself or a package above it, not something that it imports.
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise AppLoadError(
                f"There is no module '{error.name}' in '{directory}' or on the Python path; "
                f"give its directory with --app-dir."
            ) from None
        raise AppLoadError(
            f"Module '{module_name}' imports '{error.name}', which is not installed."
        ) from error
    except Exception as error:
        raise AppLoadError(f"Importing '{module_name}' failed: {_describe(error)}.") from error


def _call_factory(factory: object, name: str) -> object:
    if not callable(factory):
        raise AppLoadError(f"{name} cannot be called, so it is no factory; leave --factory out.")
    try:
        app = factory()
    except Exception as error:
        raise AppLoadError(f"The factory {name} failed: {_describe(error)}.") from error
    if inspect.iscoroutine(app):
        app.close()
        raise AppLoadError(f"The factory {name} is async; make it an ordinary function.")
    return app


def _kind_by_parameters(app: object, name: str, parameters: list[inspect.Parameter]) -> AppKind:
    required = [each for each in parameters if _is_required(each)]
    if len(required) == 3 or (not required and _accepts_three(parameters)):
        return AppKind.ASGI
    if len(required) == 1 and _is_async(app):
        return AppKind.HANDLER
    raise AppLoadError(f"{name} {_what_it_is([each.name for each in required])}.")


def _what_it_is(required: list[str]) -> str:
    if not required:
        return "takes no arguments; if calling it makes the application, add --factory"
    if required == ["scope"]:
        return "is an ASGI 2 application; wrap it in asgiref's guarantee_single_callable"
    if len(required) == 1:
        return "is not async; a handler is an 'async def' that takes the stream"
    if len(required) == 2:
        return "looks like a WSGI application; wrap it in a2wsgi.WSGIMiddleware"
    return f"takes {len(required)} arguments; {_KINDS}"


def _is_required(parameter: inspect.Parameter) -> bool:
    positional = (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return parameter.kind in positional and parameter.default is parameter.empty


def _accepts_three(parameters: list[inspect.Parameter]) -> bool:
    return any(each.kind is each.VAR_POSITIONAL for each in parameters) or len(parameters) >= 3


def _is_async(app: object) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(
        getattr(app, "__call__", None)  # noqa: B004 - an instance whose __call__ is async
    )


def _describe(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _unless_missing(error: AttributeError, attribute: str) -> AttributeError | None:
    """The error only if it came from inside the attribute, a property say: then it is news."""
    return None if error.name == attribute else error
