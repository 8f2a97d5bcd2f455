"""The service of this folder in Django, all of it in one module.

    h3producer --app-dir examples frameworks.django:app
    h3producer get https://localhost:4433/

Django has no lifespan, no WebSockets (Channels has) and, before 6.0, no background tasks: the mail
is sent before the response.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path, register_converter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest

logger = logging.getLogger("h3producer.example")

settings.configure(
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for this example",
    # Without this, and without DEBUG, Django answers an exception with 500 and says nothing.
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stderr": {"class": "logging.StreamHandler"}},
        "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR"}},
    },
)


class Seconds:
    """Part of a path that is a number of seconds; Django itself has none for decimals."""

    regex = r"\d+(\.\d+)?"

    def to_python(self, text: str) -> float:
        return float(text)

    def to_url(self, value: float) -> str:
        return str(value)


register_converter(Seconds, "seconds")


async def greet(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"greeting": "Hello", "url": request.build_absolute_uri()})


async def order(request: HttpRequest) -> HttpResponse:
    wanted = json.loads(request.body)
    return JsonResponse({"item": wanted["item"], "total": wanted["count"] * 3}, status=201)


async def subscribe(request: HttpRequest) -> HttpResponse:
    return JsonResponse(request.POST.dict())


async def upload(request: HttpRequest) -> HttpResponse:
    file = request.FILES["file"]
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    return JsonResponse({"name": file.name, "sha256": digest.hexdigest()})


async def count(request: HttpRequest, limit: int) -> HttpResponse:
    async def numbers() -> AsyncIterator[str]:
        for number in range(limit):
            yield f"{number}\n"

    return StreamingHttpResponse(numbers(), content_type="text/plain")


async def tick(request: HttpRequest, pause: float) -> HttpResponse:
    async def ticks() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(pause)
        finally:
            logger.info("The clock has stopped.")

    return StreamingHttpResponse(ticks(), content_type="text/plain")


async def mail(request: HttpRequest) -> HttpResponse:
    logger.info("Mailed to %s.", json.loads(request.body)["to"])
    return HttpResponse(status=202)


async def fail(request: HttpRequest) -> HttpResponse:
    raise KeyError("a bug")


urlpatterns = [
    path("", greet),
    path("orders", order),
    path("subscriptions", subscribe),
    path("files", upload),
    path("count/<int:limit>", count),
    path("clock/<seconds:pause>", tick),
    path("mails", mail),
    path("bug", fail),
]

app = get_asgi_application()
