"""Failing seeds of tests, kept in the user's `regressions/`, a file a test: they are tried first.

A file is TOML, made to be committed: `[[failed]]` with the seed, the token of the run and what was refuted.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import safe_name, write_whole, writing

FOLDER = "regressions"


@dataclass(frozen=True)
class Regressions:
    """The failing seeds of one test. folder: made when the first is kept."""

    folder: Path
    test: str

    @property
    def path(self) -> Path:
        """The file of the regressions."""
        return self.folder / f"{safe_name(self.test)}.toml"

    def seeds(self) -> tuple[int, ...]:
        """The seeds, the oldest first. UsageError if the file cannot be understood."""
        return tuple(dict.fromkeys(seed for seed, _ in self._entries()))

    def keep(self, seed: int, token: str, reason: str) -> None:
        """Add a seed, unless it is there. Errors as those of `results.folder.write_whole`."""
        if seed in self.seeds():
            return
        import tomli_w

        entries = [*(entry for _, entry in self._entries()), {"seed": seed, "reason": reason, "token": token}]
        with writing(self.folder, "--regressions"):
            self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, tomli_w.dumps({"test": self.test, "failed": entries}), "--regressions")

    def _entries(self) -> list[tuple[int, dict[str, object]]]:
        if not self.path.is_file():
            return []
        try:
            found = tomllib.loads(self.path.read_text(encoding="utf-8")).get("failed", [])
            return [(int(entry["seed"]), dict(entry)) for entry in found]
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(f"{self.path}: expected [[failed]] tables with a seed each: {error}") from None
