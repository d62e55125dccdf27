"""The service over HTTP: ``prudent serve``, an optional extra (``pip install portlib[http]``).

POST ``/optimize`` takes ``{"plan": ..., "assumptions": ..., "mandate": ...}`` and ``/glidepath``
``{"plan": ..., "assumptions": ..., "seed": ...}``; both answer as `portlib.service` does, under the
same JSON Schemas, which ``/openapi.json`` holds. A refusal is 422 with `service.refusal`'s
``error``; too large is 413, too busy 503, too long 504. No request leaves anything behind.

Left out, and to be had from whatever stands in front: encryption, authentication, a log of who
asked. It listens on the loopback unless told otherwise, for that reason.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import TimeoutError as OverTime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portlib import schema, schemas, service
from portlib.service import Json

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

#: What each address takes beside a plan.
ASKS: dict[str, dict[str, str]] = {
    "optimize": {"assumptions": "assumptions", "mandate": "mandate"},
    "glidepath": {"assumptions": "assumptions", "seed": ""},
}
ANSWERS = {"optimize": "portfolio", "glidepath": "glidepath"}


@dataclass(frozen=True)
class Limits:
    """What one caller may take.

    Attributes
    ----------
    megabytes : float
        Of a request.
    seconds : float
        From request to answer; its process is then ended.
    at_once : int
        Requests in work; more are refused, not kept waiting. None: two a core.
    """

    megabytes: float = 8.0
    seconds: float = 30.0
    at_once: int | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not value > 0:
                raise service.DataError(f"{name}: {value} is not above zero")


def application(limits: Limits | None = None) -> FastAPI:
    """The application, for any ASGI server.

    Parameters
    ----------
    limits : Limits, optional

    Raises
    ------
    ModuleNotFoundError
        Where the extra ``http`` is not installed.

    Examples
    --------
    >>> made = application(Limits(at_once=1))
    >>> sorted(route.path for route in made.routes)
    ['/glidepath', '/openapi.json', '/optimize']

    It goes on in ``service_http.md``.
    """
    from asyncio import to_thread
    from contextlib import asynccontextmanager

    from fastapi import FastAPI
    from pebble import ProcessPool

    from portlib import service_many

    allowed = limits or Limits()
    cores = os.cpu_count() or 1
    at_once = allowed.at_once or 2 * cores
    pool = ProcessPool(
        max_workers=cores, initializer=service_many.begin, initargs=(os.getpid(), None)
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        yield
        pool.stop()
        await to_thread(pool.join)

    made = FastAPI(title="prudent", lifespan=lifespan, docs_url=None, redoc_url=None)
    made.state.working = 0

    async def told(name: str, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > 1e6 * allowed.megabytes:
                return _said(413, service.error("TooLarge", f"over {allowed.megabytes:g} MB"))
        if made.state.working >= at_once:
            return _said(
                503, service.error("TooBusy", f"{at_once} requests are in work; ask again")
            )
        try:
            asked = schema.strict_json(body, "request")
            _known(name, asked)
        except ValueError as refused:
            return _said(400, service.refusal(refused))
        made.state.working += 1
        try:
            future = pool.schedule(_answer, args=(name, asked), timeout=allowed.seconds)
            failed = await to_thread(future.exception)
        finally:
            made.state.working -= 1
        if failed is None:
            return _said(*future.result())
        late = isinstance(failed, OverTime)
        return _said(504 if late else 500, service_many.failed(failed, allowed.seconds))

    for name in ASKS:
        made.add_api_route(
            f"/{name}", _route(told, name), methods=["POST"], openapi_extra=_described(name)
        )
    return made


def serve(host: str = "127.0.0.1", port: int = 8765, limits: Limits | None = None) -> None:
    """Listen until stopped.

    Parameters
    ----------
    host, port : where; the loopback by default.
    limits : Limits, optional
    """
    import uvicorn

    uvicorn.run(application(limits), host=host, port=port, log_level="warning")


def _route(told: Any, name: str) -> Any:
    from fastapi import Request

    async def answer(request: Request) -> Any:
        return await told(name, request)

    answer.__annotations__ = {"request": Request}
    answer.__name__ = name
    return answer


def _answer(name: str, asked: Json) -> tuple[int, Json]:
    """Status and answer, in a process of its own."""
    plan, rest = asked["plan"], {key: x for key, x in asked.items() if key != "plan"}
    try:
        return 200, getattr(service, name)(plan, **rest)
    except ValueError as refused:
        return 422, service.refusal(refused)


def _known(name: str, asked: Any) -> None:
    if not isinstance(asked, dict) or "plan" not in asked:
        raise service.DataError("request: give a mapping with plan")
    if strange := [key for key in asked if key not in ("plan", *ASKS[name])]:
        raise service.DataError(f"request: {strange[0]!r} is none of plan, {', '.join(ASKS[name])}")


def _said(status: int, answer: Json) -> Response:
    from fastapi import Response

    text = json.dumps(answer, allow_nan=False)
    return Response(text, status_code=status, media_type="application/json")


def _described(name: str) -> Json:
    """What OpenAPI says of an address: the package's own schemas."""
    seed = {"type": "integer", "minimum": 0}
    asked = {
        "type": "object",
        "properties": {
            "plan": schemas.of("plan"),
            **{key: schemas.of(kind) if kind else seed for key, kind in ASKS[name].items()},
        },
        "required": ["plan"],
        "additionalProperties": False,
    }
    refused = {"description": "why there is no answer", "content": _content(schemas.of("refusal"))}
    answered = {"description": "the answer", "content": _content(schemas.of(ANSWERS[name]))}
    codes = ("400", "413", "422", "500", "503", "504")
    return {
        "requestBody": {"required": True, "content": _content(asked)},
        "responses": {"200": answered, **dict.fromkeys(codes, refused)},
    }


def _content(described: Json) -> Json:
    return {"application/json": {"schema": described}}
