"""The file of a campaign: `[defaults]` and `[[test]]` tables, read as data.

Every mistake that can be seen without knowing the targets is told here, as `FILE:LINE: what`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.errors import UsageError
from splitbrain.harness.kinds import is_kind
from splitbrain.harness.options import Setting
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.runner.fields import SpecField
from splitbrain.runner.spec import RunSpec

DEFAULTS, TESTS = "defaults", "test"
SEEDS, EXPECT, KNOWN, NAME, SET, GUIDE = "seeds", "expect", "known", "name", "set", "guide"
EXPECTATIONS = ("valid", "invalid")
GUIDES = ("none", "coverage")
"""Guides to the configuration of the next run: none, so the seed alone chooses it; what runs before it reached."""
SEEDS_DEFAULT = (1,)
SEEDS_MOST = 1_000_000

OPTIONS: Mapping[str, SpecField] = {
    declared.word.removeprefix("--").lower(): declared
    for declared in RunSpec.fields()
    if declared.name not in ("seed", KNOWN)
}
"""The options of a run by the names that they have in a file; the kinds that are known stand in another form."""


@dataclass(frozen=True)
class TestTable:
    """One `[[test]]` table, defaults filled in.

    options: what it says of a run, by name in the file; a list where several values multiply. own: the names that
    stand in the table itself. seeds: at least one. expect: "valid" or "invalid". known: why a refutation is accepted,
    after the kind that is, if one is. name: None if it has none. index: its place among the tables. guide: of GUIDES.
    """

    __test__ = False  # pytest takes the name for its own

    options: Mapping[str, Sequence[Any]]
    own: frozenset[str]
    seeds: tuple[int, ...]
    expect: str
    known: str | None
    name: str | None
    index: int
    guide: str = GUIDES[0]


def known_kind(known: str | None) -> str | None:
    """The kind of anomaly that `known` accepts by name, as in `registers: local reads may be stale`; None if it only
    says why."""
    word = (known or "").partition(":")[0].strip()
    return word if is_kind(word) else None


@dataclass(frozen=True)
class CampaignFile:
    """A campaign as its author wrote it. where: the file, for messages. text: all of it. tables: at least one."""

    where: str
    text: str
    tables: tuple[TestTable, ...]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return Path(self.where).stem

    def wrong(self, table: int, key: str | None, message: str) -> UsageError:
        """The error of a table or a key in it, with its line; a key that it takes from the defaults has theirs."""
        paths: list[tuple[str | int, ...]] = [(TESTS, table)]
        if key is not None:
            paths = [(TESTS, table, key), (DEFAULTS, key), *paths]
        line = next(filter(None, (line_of(self.text, path) for path in paths)), None)
        return UsageError(f"{self.where}:{line}: {message}" if line else f"{self.where}: {message}")


def read_file(path: Path) -> CampaignFile:
    """The campaign of a file; UsageError, with the line, for one that makes no sense."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: the file of a campaign cannot be read: {reason}") from None
    return parse(text, str(path))


def parse(text: str, where: str) -> CampaignFile:
    """The campaign of a text. where: what messages call it."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: not TOML: {error}") from None
    return _CampaignReader(text, where).campaign(plain)


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line in which the key or table at `path` begins; None if it is not in the text.

    The first line after which the text parses and holds it; several lines of one value count as their first.
    """
    lines = text.split("\n")
    complete = 0
    for number in range(1, len(lines) + 1):
        try:
            plain = tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(plain, path):
            return complete + 1
        complete = number
    return None


class _CampaignReader:
    """A reader of one file. Its methods raise UsageError with the line."""

    def __init__(self, text: str, where: str) -> None:
        self._text, self._where = text, where

    def campaign(self, plain: Mapping[str, Any]) -> CampaignFile:
        for key in plain:
            if key not in (DEFAULTS, TESTS):
                hint = did_you_mean(key, (DEFAULTS, TESTS)) or "; a campaign has [defaults] and [[test]] tables"
                raise self._wrong((key,), f"a campaign has no {key!r}{hint}")
        defaults = plain.get(DEFAULTS, {})
        if not isinstance(defaults, dict):
            raise self._wrong((DEFAULTS,), "[defaults] is a table of options")
        tests = plain.get(TESTS, [])
        if not isinstance(tests, list) or not all(isinstance(table, dict) for table in tests):
            raise self._wrong((TESTS,), "each test is a table of its own: write [[test]]")
        if not tests:
            raise UsageError(f"{self._where}: a campaign needs at least one [[test]] table")
        self._check(defaults, (DEFAULTS,), (*OPTIONS, SEEDS, GUIDE))
        return CampaignFile(
            self._where, self._text, tuple(self._table(table, index, defaults) for index, table in enumerate(tests))
        )

    def _table(self, table: dict[str, Any], index: int, defaults: dict[str, Any]) -> TestTable:
        here = (TESTS, index)
        self._check(table, here, (*OPTIONS, SEEDS, GUIDE, EXPECT, KNOWN, NAME))
        for key in (NAME, KNOWN):
            if key in table and not (isinstance(table[key], str) and table[key].strip()):
                raise self._wrong((*here, key), f"{key} is a text, not {table[key]!r}")
        expect = table.get(EXPECT, EXPECTATIONS[0])
        if expect not in EXPECTATIONS:
            raise self._wrong((*here, EXPECT), f'expect is "valid" or "invalid", not {expect!r}')
        both = {**defaults, **table}
        if SET in defaults and SET in table:
            both[SET] = {**defaults[SET], **table[SET]}
        if "target" not in both:
            raise self._wrong(here, "a test needs a target")
        options = {key: _several(both[key]) for key in OPTIONS if key in both}
        seeds = self._seeds(both.get(SEEDS, SEEDS_DEFAULT), (*here, SEEDS) if SEEDS in table else (DEFAULTS, SEEDS))
        name, known, guide = table.get(NAME), table.get(KNOWN), both.get(GUIDE, GUIDES[0])
        if guide not in GUIDES:
            path = (*here, GUIDE) if GUIDE in table else (DEFAULTS, GUIDE)
            raise self._wrong(path, f'guide is "none" or "coverage", not {guide!r}')
        return TestTable(options, frozenset(table), seeds, expect, known, name, index, guide)

    def _check(self, table: Mapping[str, Any], here: tuple[str | int, ...], known: Sequence[str]) -> None:
        """Names and, of options, each value on its own."""
        what = "a test" if here[0] == TESTS else "[defaults]"
        for key, value in table.items():
            if key not in known:
                meant = SEEDS if key == "seed" else key.replace("_", "-")
                hint = did_you_mean(meant, known) or f"; there are {', '.join(known)}"
                raise self._wrong((*here, key), f"{what} has no key {key!r}{hint}")
            if key not in OPTIONS:
                continue
            if value == []:
                raise self._wrong((*here, key), f"{key} is an empty list: there would be nothing to run")
            if key == SET and not (isinstance(value, dict) and all(isinstance(v, Setting) for v in value.values())):
                raise self._wrong((*here, key), f"set is a table of options of the workload, not {value!r}")
            for one in _several(value):
                try:
                    OPTIONS[key].value(one)
                except UsageError as error:
                    raise self._wrong((*here, key), str(error).replace(OPTIONS[key].word, key, 1)) from None
                if isinstance(one, list):
                    raise self._wrong((*here, key), f"a value of {key} is no list, as {one!r} is")

    def _seeds(self, given: Any, path: tuple[str | int, ...]) -> tuple[int, ...]:
        if isinstance(given, bool) or not isinstance(given, int | list | tuple):
            raise self._wrong(path, f"seeds is how many there are, or a list of them, not {given!r}")
        if isinstance(given, int):
            if not 1 <= given <= SEEDS_MOST:
                raise self._wrong(path, f"seeds is from 1 to {SEEDS_MOST:,}, not {given:,}")
            return tuple(range(1, given + 1))
        if not given or len(set(map(str, given))) < len(given):
            raise self._wrong(path, "seeds is a list of different numbers, at least one")
        try:
            return tuple(RunSpec.field("seed").value(seed) for seed in given)
        except UsageError as error:
            raise self._wrong(path, str(error).replace("--seed", "a seed", 1)) from None

    def _wrong(self, path: tuple[str | int, ...], message: str) -> UsageError:
        line = line_of(self._text, path)
        return UsageError(f"{self._where}:{line}: {message}" if line else f"{self._where}: {message}")


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else (value,)


def _holds(plain: Any, path: Sequence[str | int]) -> bool:
    for step in path:
        try:
            plain = plain[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
