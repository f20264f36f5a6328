"""Kept runs and a campaign, made once, and a server over them."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from splitbrain import campaign, run
from splitbrain.cli.serve import LOOPBACK, _listening
from splitbrain.serve.places import Places

HOSTILE = "<script>document.title='gone'</script>\"'><img src=x onerror=alert(1)>"


@dataclass(frozen=True)
class WebAnswer:
    """A server's answer."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class WebServer:
    """A server that answers at a port of this machine."""

    port: int

    def get(self, path: str, host: str | None = None, method: str = "GET") -> WebAnswer:
        """Ask for a path as it is written; redirects are not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers={} if host is None else {"Host": host})
            told = connection.getresponse()
            headers = {name.lower(): value for name, value in told.getheaders()}
            return WebAnswer(told.status, headers, told.read().decode("utf-8", "replace"))
        finally:
            connection.close()


@contextmanager
def served(*folders: Path) -> Iterator[WebServer]:
    """A server over some folders."""
    uvicorn = pytest.importorskip("uvicorn")
    pytest.importorskip("starlette")
    from splitbrain.serve.app import application

    with _listening("127.0.0.1", 0) as listening:
        server = uvicorn.Server(
            uvicorn.Config(application(Places.of(folders), LOOPBACK), log_level="error", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()
        try:
            yield WebServer(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `runs` (valid, invalid, cut short, and one whose reason is hostile) and `campaigns`."""
    place = tmp_path_factory.mktemp("kept")
    for seed in (1, 2):
        run("single", time_limit=2, seed=seed, out=place / "runs")
    run("raft:reads=local", nemesis="partition", time_limit=5, seed=1, out=place / "runs")
    single = sorted((place / "runs" / "single").glob("*/*"))
    (single[0] / "verdict.json").unlink()
    (single[0] / "report.html").unlink()
    told = json.loads((single[1] / "verdict.json").read_text())
    (single[1] / "verdict.json").write_text(json.dumps({**told, "reason": HOSTILE}))
    campaign(
        {"defaults": {"seeds": 2, "time-limit": 2}, "test": [{"target": "single"}]}, out=place / "campaigns", jobs=1
    )
    return place


@pytest.fixture(scope="package")
def server(kept: Path) -> Iterator[WebServer]:
    """A server over these."""
    with served(kept / "runs", kept / "campaigns") as made:
        yield made
