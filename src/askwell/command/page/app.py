"""The page's server: a few addresses, each for the page alone."""

import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from askwell.command.page.access import HEADERS, Access, policy
from askwell.command.page.keeper import Keeper
from askwell.command.page.session import Session
from askwell.errors import UserError

PAGE = Path(__file__).with_name("page.html")
NONCE = "NONCE"
"""The place in the page of a word that no other page knows."""
LARGEST = 2_000_000
"""Bytes of a request at most."""
DAY = 24 * 60 * 60

Answer = Callable[[Request], Awaitable[Response]]


def build(session: Session, keeper: Keeper, access: Access) -> FastAPI:
    """The server of a session. Every answer to a stranger is 401 or 403, and says nothing else."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guard(request: Request, answer: Answer) -> Response:
        response = _refusal(request, access) or await answer(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.exception_handler(UserError)
    async def mistake(request: Request, error: UserError) -> Response:
        return JSONResponse({"error": str(error)}, 409)

    @app.get("/")
    def page(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        content = PAGE.read_text(encoding="utf-8").replace(NONCE, nonce)
        response = HTMLResponse(content, headers={"Content-Security-Policy": policy(nonce)})
        token = _token(request, access) or ""
        response.set_cookie(access.cookie, token, DAY * 30, httponly=True, samesite="strict")
        return response

    @app.get("/api/state")
    def state(request: Request) -> Response:
        facts = {"classes": session.classes, "blind": session.blind}
        facts["me"] = _person(request, access)
        return JSONResponse(session.progress() | keeper.state() | facts)

    @app.get("/api/queue")
    def queue(request: Request) -> Response:
        return JSONResponse({"images": session.queue(_person(request, access), time.monotonic())})

    @app.get("/api/history")
    def history(request: Request) -> Response:
        return JSONResponse({"answers": session.history(_person(request, access))})

    @app.get("/api/review")
    def review() -> Response:
        return JSONResponse({"images": session.review()})

    @app.get("/api/people")
    def people() -> Response:
        return JSONResponse(session.agreement())

    @app.get("/image/{one}")
    def image(one: str) -> Response:
        found = session.picture(one)
        if found is None:
            raise HTTPException(404, "this image cannot be read")
        kept = {"Cache-Control": f"private, max-age={DAY}"}
        return Response(found[0], media_type=found[1], headers=kept)

    @app.post("/api/answers")
    async def answers(request: Request) -> Response:
        content = await _content(request)
        said, person = content.get("answers"), _person(request, access)
        if content.get("person", person) != person:
            raise UserError("this browser was opened by somebody else: open your own address again")
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise HTTPException(400, "expected a list of answers")
        taken, refused = session.answer(said, person, time.monotonic())
        keeper.wake()
        faults = [refusal._asdict() for refusal in refused]
        return JSONResponse({"taken": taken, "refused": faults})

    @app.post("/api/train")
    def train() -> Response:
        session.train_now()
        keeper.wake()
        return JSONResponse({})

    @app.post("/api/classes")
    async def classes(request: Request) -> Response:
        names = (await _content(request)).get("names")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise HTTPException(400, "expected a list of names")
        keeper.add_classes(names)
        return JSONResponse({"classes": session.classes})

    @app.post("/api/finish")
    def finish() -> Response:
        keeper.finish()
        return JSONResponse({})

    @app.post("/api/again")
    def again() -> Response:
        keeper.again()
        return JSONResponse({})

    return app


def _token(request: Request, access: Access) -> str | None:
    """The token of a request: in its address once, in the cookie from then on."""
    given = request.query_params.get("token") if request.url.path == "/" else None
    return given if access.person(given) else request.cookies.get(access.cookie)


def _person(request: Request, access: Access) -> str:
    """Who sends a request that is not refused."""
    return access.person(_token(request, access)) or ""


def _refusal(request: Request, access: Access) -> Response | None:
    host = request.headers.get("host")
    if not access.knows_host(host):
        return JSONResponse({"error": "this host is not served"}, 403)
    if access.person(_token(request, access)) is None:
        said = "Open the address that askwell label printed last."
        if request.url.path == "/":  # a browser shows it
            return PlainTextResponse(said, 401)
        return JSONResponse({"error": said}, 401)
    if request.method not in ("GET", "HEAD"):
        if not access.knows_origin(request.headers.get("origin"), host):
            return JSONResponse({"error": "this does not come from the page"}, 403)
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST:
            return JSONResponse({"error": "this is too much at once"}, 413)
    return None


async def _content(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    try:
        content = await request.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise HTTPException(400, "expected a JSON object")
    return content
