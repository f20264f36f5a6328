"""Quantities as users write them: durations (`60s`), sizes (`2GiB`), and budgets (`60s,2GiB,20M`)."""

import math

from splitbrain.harness.budget import Budget

DURATIONS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
SIZES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 10**3, "MB": 10**6, "GB": 10**9}
COUNTS = {"k": 10**3, "M": 10**6, "G": 10**9}
YEAR_SECONDS = 365 * 24 * 3600.0
BYTES_MOST = 1 << 60
CONFIGURATIONS_MOST = 10**15


def parse_duration(text: str) -> float:
    """Seconds of `60s`, `2m`, `1h`, `500ms`, `0.5`; ValueError for anything else."""
    text = text.strip()
    unit = next((unit for unit in DURATIONS if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * DURATIONS.get(unit, 1.0)


def parse_size(text: str) -> int:
    """Bytes of `2GiB`, `500MB`, `1000`; ValueError for anything else, and for less than one."""
    text = text.strip()
    unit = next((unit for unit in SIZES if text.lower().endswith(unit.lower())), "")
    amount = float(text[: len(text) - len(unit)]) * SIZES.get(unit, 1)
    if not 1 <= amount <= BYTES_MOST:
        raise ValueError
    return int(amount)


def parse_budget(given: object) -> Budget:
    """A budget of seconds as a number, or of a text: a duration, a size in bytes and a count of configurations, as far
    as they are given, in any order. ValueError for anything else.

    Pitfall: `20m` is minutes, `20M` millions of configurations.
    """
    if isinstance(given, Budget):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Budget(seconds=_seconds(float(given)))
    if not isinstance(given, str):
        raise TypeError
    found: dict[str, float] = {}
    for part in given.split(","):
        name, amount = _limit(part.strip())
        if name in found:
            raise ValueError
        found[name] = amount
    default = Budget()
    return Budget(
        found.get("seconds", default.seconds),
        int(found.get("configurations", default.configurations)),
        int(found.get("bytes", default.bytes)),
    )


def shown_budget(budget: Budget) -> str:
    """A budget as `parse_budget` reads it, without what is the default."""
    default = Budget()
    parts = [f"{budget.seconds:.15g}s"]
    if budget.bytes != default.bytes:
        parts.append(_with_unit(budget.bytes, {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}, "B"))
    if budget.configurations != default.configurations:
        parts.append(_with_unit(budget.configurations, {"M": 10**6, "k": 10**3}, "c"))
    return ",".join(parts)


def _limit(part: str) -> tuple[str, float]:
    """The limit that a part of a budget sets, and its value."""
    if part.endswith("B") or part.lower().endswith("ib"):
        return "bytes", parse_size(part[:-1] if part[:-1].isdigit() else part)
    unit = part[-1:]
    if unit in COUNTS or unit == "c":
        amount = float(part[:-1]) * COUNTS.get(unit, 1)
        if not 1 <= amount <= CONFIGURATIONS_MOST:
            raise ValueError
        return "configurations", int(amount)
    return "seconds", _seconds(parse_duration(part))


def _seconds(amount: float) -> float:
    if not (math.isfinite(amount) and 0 < amount <= YEAR_SECONDS):
        raise ValueError
    return amount


def _with_unit(amount: int, units: dict[str, int], plain: str) -> str:
    return next((f"{amount // size}{unit}" for unit, size in units.items() if amount % size == 0), f"{amount}{plain}")
