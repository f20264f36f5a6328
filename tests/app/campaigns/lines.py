"""Lines of runs made by hand, for what is done with lines alone."""

from splitbrain.campaigns.tasks import RunLine

NODES = ("n1", "n2")


def line(
    test,
    seed,
    verdict="valid",
    kinds=(),
    expect="valid",
    availability=1.0,
    p99=10.0,
    others=("audit",),
    sides=(),
    **more,
):
    """A run with one check that may be refuted, `registers`, and others that hold. sides: fault, side, and how much of
    a hundred operations was answered there. more: what the line has beside."""
    check = {"name": "registers", "verdict": verdict, "reason": "because", **({"kinds": list(kinds)} if kinds else {})}
    checks = [check, *({"name": name, "verdict": "valid", "reason": "held"} for name in others)]
    quantiles = {"p50_ms": p99 / 2, "p99_ms": p99, "p999_ms": 2 * p99}
    node = {"operations": 1000, "answered": 500 + round(500 * availability), "operations_in_faults": 500,
            "answered_in_faults": round(500 * availability)}  # fmt: skip
    return RunLine(
        {
            "test": test, "target": "raft", "seed": seed, "expect": expect, "verdict": verdict, "reason": "because",
            "as_expected": verdict == expect, "run": None, "checks": [] if verdict == "infrastructure" else checks,
            "command": f"splitbrain run raft --time-limit 5 --seed {seed}",
            **more,
            "figures": {"availability": dict.fromkeys(NODES, node),
                        "sides": [{"fault": fault, "side": side, "answered": {"part": part, "whole": 100}}
                                  for fault, side, part in sides],
                        "service": {"throughput": 50.0, "from_begin": quantiles, "from_due": quantiles}},
        }
    )  # fmt: skip


def refuted(test, seed, *kinds, expect="valid"):
    """A run that was refuted."""
    return line(test, seed, "invalid", kinds or ("registers",), expect)
