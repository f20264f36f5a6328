"""Porcupine as the peer, on the same histories. Builds and talks to the Go driver in `peers/porcupine`.

It is built once into the user's cache folder when Go is there; else `Peer.start` gives a sentence why not. Pitfall:
Porcupine's memory has no limit of its own, so the driver sets itself one, and a driver that dies of it is an answer:
out of memory.
"""

import hashlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peer_columns import columns

from splitbrain.harness.history import History

SOURCE = Path(__file__).resolve().parent / "peers" / "porcupine"


@dataclass(frozen=True)
class PeerAnswer:
    """seconds: of the check, None if there was no end. at_least: how long it went on. verdict: valid, invalid, unknown,
    or why there is none. peak_bytes: of the process, where it checked nothing else."""

    seconds: float | None
    at_least: float
    verdict: str
    peak_bytes: int | None = None


class PeerProcess:
    """The driver as a process that is kept warm."""

    def __init__(self, driver: Path, bytes_max: int, cores: int) -> None:
        self.words = [str(driver), "-memory", str(bytes_max)]
        self.environment = os.environ | {"GOMAXPROCS": str(cores)}
        self.folder = tempfile.TemporaryDirectory()
        self.files: dict[str, Path] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.version = self._ask({}, None)["version"]

    @staticmethod
    def start(bytes_max: int, cores: int = 1) -> "PeerProcess | str":
        """The driver, or why there is none."""
        found = built()
        return PeerProcess(found, bytes_max, cores) if isinstance(found, Path) else found

    def load(self, name: str, model: str, history: History) -> None:
        """Have a history ready under a name."""
        path = Path(self.folder.name) / f"{len(self.files)}.json"
        path.write_text(json.dumps(columns(model, history)))
        self.files[name] = path
        self._ask({"load": name, "path": str(path)}, None)

    def check(self, name: str, seconds_max: float, times: int = 1) -> PeerAnswer:
        """Check it so many times in a row; the seconds are those of one."""
        began = time.perf_counter()
        try:
            said = self._ask({"check": name, "timeout": seconds_max, "times": times}, 2 * seconds_max + 10)
        except OutOfReach as reason:
            self.close()
            return PeerAnswer(None, time.perf_counter() - began, str(reason))
        return answered(said)

    def once(self, name: str, seconds_max: float) -> PeerAnswer:
        """Check it once in a process of its own, for its memory."""
        words = [*self.words, "-once", str(self.files[name]), "-timeout", str(seconds_max)]
        began = time.perf_counter()
        ended = subprocess.run(words, capture_output=True, env=self.environment, check=False)
        if ended.returncode:
            return PeerAnswer(None, time.perf_counter() - began, "out of memory")
        return answered(json.loads(ended.stdout))

    def drop(self, name: str) -> None:
        """Forget a history."""
        self.files.pop(name).unlink()
        if self.process is not None:
            self._ask({"drop": name}, None)

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def _ask(self, request: dict[str, Any], seconds: float | None) -> dict[str, Any]:
        fresh = self.process is None
        if self.process is None:
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=self.environment,
            )  # fmt: skip
            greeting = self._line(10)
            if not request:
                return greeting
        if fresh and "check" in request:
            name = request["check"]
            self._ask({"load": name, "path": str(self.files[name])}, None)
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise OutOfReach("out of memory") from None
        said = self._line(seconds)
        if "error" in said:
            raise RuntimeError(f"the driver of Porcupine: {said['error']}")
        return said

    def _line(self, seconds: float | None) -> dict[str, Any]:
        assert self.process is not None and self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise OutOfReach("no end")
        line = self.process.stdout.readline()
        if not line:
            raise OutOfReach("out of memory")
        said: dict[str, Any] = json.loads(line)
        return said


class OutOfReach(Exception):
    """Want of an answer from the driver; the message says why."""


def answered(said: dict[str, Any]) -> PeerAnswer:
    """The driver's answer on a check."""
    seconds = None if said["verdict"] == "unknown" else said["seconds"]
    return PeerAnswer(seconds, said["seconds"], said["verdict"], said.get("peak_bytes"))


def built() -> Path | str:
    """The driver, built if its sources have changed; or why there is none, in a sentence."""
    go = shutil.which("go")
    if go is None:
        return "Go is not installed, so nothing is compared with Porcupine."
    sources = sorted(path for path in SOURCE.iterdir() if path.name.startswith("go.") or path.suffix == ".go")
    digest = hashlib.sha256(b"\x00".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "splitbrain" / "benchmarks"
    driver = cache / f"porcupine-{digest}"
    if not driver.exists():
        cache.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(
            [go, "build", "-o", driver, "."], cwd=SOURCE, capture_output=True, text=True, check=False
        )  # fmt: skip
        if made.returncode:
            return f"The driver of Porcupine could not be built: {made.stderr.strip().splitlines()[-1]}"
    return driver
