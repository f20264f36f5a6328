"""The web application: addresses, pages, and the headers that keep what is shown harmless.

Nothing can be changed by way of it. Pages of runs, which hold what systems under test have said, are shown in a
sandbox: their scripts run, but as if from nowhere, and reach nothing else that is served here.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from splitbrain.campaigns.sides import Sides
from splitbrain.harness.errors import UsageError
from splitbrain.results.index import SORTS, RunFilter
from splitbrain.results.report.page import template
from splitbrain.serve import contents, live
from splitbrain.serve.places import COMPRESSED, PAGES, PICTURES, Places

OURS = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:"
STRICT = f"{OURS}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
SANDBOXED = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
)
HOST = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d*)?|([^:@/\[\]]*)(?::\d*)?")
"""A Host header: an IPv6 address in brackets or a name, and a port or none."""
ASKED = ("target", "workload", "fault", "words", "faults")
"""Words that runs are filtered by, beside their verdict."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
ASSETS = {"serve.css": "text/css", "live.js": "text/javascript"}
VIEWS = ("table", "grid")
ROWS_MAX = 500
"""The number of runs that a page lists; further ones are a click away."""

Handler = Callable[[Request], Awaitable[Response]]


def application(places: Places, hosts: tuple[str, ...]) -> Starlette:
    """The application over these folders. hosts: names under which it may be asked, "*" for any: a page elsewhere that
    points its own name at this machine is refused."""
    pages = Pages(places)
    routes = [
        Route("/", pages.index),
        Route("/compare", pages.compare),
        Route("/run/{address:path}", pages.run),
        Route("/live/{address:path}", pages.watch),
        Route("/events/{address:path}", pages.events),
        Route("/files/{address:path}", pages.file),
        Route("/assets/{name}", pages.asset),
    ]
    middleware = [
        Middleware(BaseHTTPMiddleware, dispatch=_with_headers),
        Middleware(BaseHTTPMiddleware, dispatch=partial(_for_hosts, hosts)),
    ]
    return Starlette(routes=routes, middleware=middleware, exception_handlers={404: _missing, UsageError: _refused})


class Pages:
    """Pages over some folders."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def index(self, request: Request) -> Response:
        """The table of runs, filtered, sorted and grouped as asked; campaigns and cards."""
        asked = {name: request.query_params.get(name, "").strip() for name in ASKED}
        verdict = _one_of(request, "verdict", ("", *contents.VERDICTS))
        order, group = _one_of(request, "sort", SORTS), _one_of(request, "group", ("", *contents.GROUPS))
        wanted = RunFilter(asked["target"] or None, asked["workload"] or None, asked["fault"] or None, verdict or None)
        found = contents.runs(self._places, wanted, asked["words"], asked["faults"], order)
        if _one_of(request, "show", VIEWS) == VIEWS[1]:
            columns, rows = contents.grid(found)
            return _page(
                "grid.html", columns=columns, rows=rows, total=len(found), filters={**asked, "verdict": verdict}
            )
        first = min(_whole(request.query_params.get("from", "0")), max(len(found) - 1, 0))
        shown = found[first : first + ROWS_MAX]
        return _page(
            "index.html",
            asked={**asked, "verdict": verdict, "sort": order, "group": group},
            groups=contents.grouped(shown, group),
            total=len(found),
            first=first,
            last=first + len(shown),
            earlier=_link(request, max(first - ROWS_MAX, 0)) if first else None,
            later=_link(request, first + ROWS_MAX) if first + ROWS_MAX < len(found) else None,
            verdicts=contents.VERDICTS,
            sorts=SORTS,
            group_names=contents.GROUPS,
            campaigns=contents.campaigns(self._places),
            cards=contents.cards(self._places),
            folders=[str(path) for path in self._places.folders.values()],
        )

    def compare(self, request: Request) -> Response:
        """Two runs or campaigns side by side."""
        addresses = request.query_params.getlist("run")
        if len(addresses) != 2:
            raise UsageError(f"expected two runs or campaigns to compare, not {len(addresses)}: mark two in the table")
        first, second = (self._folder(address) for address in addresses)
        sides = Sides.of(first, second)
        tests = [(name, compared, list(sides.rows(name))) for name, compared in sides.comparison.tests.items()]
        alone = [(name, "first") for name in sides.comparison.missing]
        alone += [(name, "second") for name in sides.comparison.unknown]
        return _page("compare.html", first=addresses[0], second=addresses[1], sides=sides, tests=tests, alone=alone)

    def run(self, request: Request) -> Response:
        """The page of a run, a campaign or a card; of a run that has none yet, the view of it as it goes on."""
        address = request.path_params["address"]
        folder = self._folder(address)
        for name in PAGES:
            if (folder / name).is_file():
                return RedirectResponse(f"/files/{address}/{name}")
        return RedirectResponse(f"/live/{address}")

    def watch(self, request: Request) -> Response:
        """The view of a run that goes on."""
        address = request.path_params["address"]
        folder = self._folder(address)
        if not (folder / "test.toml").is_file():
            raise UsageError(f"{address}: expected the folder of a run, with a test.toml")
        return _page("live.html", address=address)

    async def events(self, request: Request) -> Response:
        """The events of a run, as server-sent events."""
        folder = self._folder(request.path_params["address"])
        return StreamingResponse(live.events(folder), media_type="text/event-stream")

    def file(self, request: Request) -> Response:
        """One file of a run, campaign or card."""
        path = self._places.file(request.path_params["address"])
        if path is None:
            return _missing(request)
        return FileResponse(path, media_type=_kind(path), headers={"Content-Security-Policy": SANDBOXED})

    def asset(self, request: Request) -> Response:
        """A style sheet or script of ours."""
        kind = ASSETS.get(request.path_params["name"])
        return _missing(request) if kind is None else Response(_asset(request.path_params["name"]), media_type=kind)

    def _folder(self, address: str) -> Path:
        path = self._places.folder(address)
        if path is None:
            raise UsageError(f"{address}: no such folder here, or its files are links out of it: go back to the table")
        return path


async def _for_hosts(hosts: tuple[str, ...], request: Request, handle: Handler) -> Response:
    """Answer what is asked of one of these hosts. Starlette's own check takes no address with colons."""
    asked = HOST.fullmatch(request.headers.get("host", ""))
    if "*" in hosts or (asked and (asked[1] or asked[2]).lower() in hosts):
        return await handle(request)
    return PlainTextResponse(f"expected one of these hosts: {', '.join(hosts)}", 400)


async def _with_headers(request: Request, handle: Handler) -> Response:
    answer = await handle(request)
    for name, value in HEADERS.items():
        answer.headers[name] = value
    answer.headers.setdefault("Content-Security-Policy", STRICT)
    return answer


def _page(name: str, **values: Any) -> Response:
    return HTMLResponse(template(__package__ or "", name).render(**values))


def _missing(request: Request, error: Exception | None = None) -> Response:
    return PlainTextResponse("there is no such page here", 404)


def _refused(request: Request, error: Exception) -> Response:
    return HTMLResponse(template(__package__ or "", "refused.html").render(why=str(error)), 400)


def _asset(name: str) -> str:
    files = resources.files(__package__ or "")
    if name == "serve.css":
        ours = resources.files("splitbrain.results.report").joinpath("report.css").read_text(encoding="utf-8")
        return ours + files.joinpath(name).read_text(encoding="utf-8")
    return files.joinpath(name).read_text(encoding="utf-8")


def _kind(path: Path) -> str:
    if path.name in PAGES:
        return "text/html; charset=utf-8"
    if path.name in PICTURES:
        return "image/svg+xml"
    return "application/gzip" if path.name in COMPRESSED else "text/plain; charset=utf-8"


def _one_of(request: Request, name: str, known: tuple[str, ...]) -> str:
    """The word that is asked for by a name: one of these, the first if nothing is."""
    asked = request.query_params.get(name, known[0])
    if asked not in known:
        raise UsageError(f"{name}: expected one of {', '.join(filter(None, known))}, not {asked!r}")
    return asked


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _link(request: Request, first: int) -> str:
    return f"/?{request.url.include_query_params(**{'from': first}).query}"
