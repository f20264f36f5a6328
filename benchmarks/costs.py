"""Cost of an operation without faults: round trips, messages between nodes and bytes, beside what each design says.

How it is measured is written in `splitbrain.textbook.costs`; the cards of `splitbrain classify` have the same figures.
Where one node leads, four of five requests come to another one and are passed on: that is 0.8 of a round trip and 1.6
messages.

    python benchmarks/costs.py [--write]

--write puts the table into docs/stores.md. Exit code: 1 if a measured number of messages differs from the design's by
more than a tenth, or if it takes fewer round trips, or 1.1 more: a disk takes a part of one, and the slowest of several
copies longer than the mean. In a chain each disk adds its part to a write.
"""

import argparse
import re
import sys
from pathlib import Path

from splitbrain.textbook.costs import KINDS, operation_costs
from splitbrain.textbook.designs import VALUE_BYTES, OperationCost

DOCS = Path(__file__).parents[1] / "docs" / "stores.md"
BEGIN, END = "<!-- begin: benchmarks/costs.py --write -->", "<!-- end: costs -->"
NODES = 5
MESSAGES_OFF, TRIPS_BELOW, TRIPS_ABOVE = 0.1, 0.1, 1.1
IN_A_ROW = {("chain", "write"): 1.1}
"""Round trips more that disks take which write one after the other."""
TARGETS = (
    "primary-backup", "primary-backup:replication=sync", "raft", "raft:reads=lease", "raft:reads=local", "paxos", "abd",
    "chain", "quorum:w=3,r=3,version=lww", "quorum:w=3,r=3", "quorum:w=1,r=1,version=lww", "quorum:w=1,r=1",
    "multi-leader", "causal", "crdt:type=lww",
)  # fmt: skip


def as_designed(target: str, cost: OperationCost) -> bool:
    """Whether an operation costs what its design says."""
    design = cost.design
    if design is None:
        return False
    other = abs(cost.messages - design.messages) > MESSAGES_OFF * max(design.messages, 1)
    above = TRIPS_ABOVE + IN_A_ROW.get((target, cost.kind), 0.0)
    return not other and -TRIPS_BELOW <= cost.round_trips - design.round_trips <= above


def main() -> int:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows = [
        "| store | operation | round trips: design | measured | messages: design | measured | kB: design | measured |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    off = []
    for target in TARGETS:
        found = {cost.kind: cost for cost in operation_costs(target, NODES)}
        for kind in KINDS:
            cost = found.get(kind)
            if cost is None or cost.design is None or not as_designed(target, cost):
                off.append(f"{target}, {kind}")
            if cost is None or cost.design is None:
                continue
            design, kilobytes = cost.design, cost.design.copies * VALUE_BYTES / 1000
            rows.append(
                f"| `{target}` | {kind} | {design.round_trips:g} | {cost.round_trips:.1f} | {design.messages:g} | "
                f"{cost.messages:.1f} | {kilobytes:g} | {cost.bytes / 1000:.1f} |"
            )
            print(rows[-1], flush=True)
    if asked.write:
        page = DOCS.read_text(encoding="utf-8")
        put = "\n".join((BEGIN, *rows, END))
        whole = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: put, page, flags=re.S)
        DOCS.write_text(whole, encoding="utf-8")
    for one in off:
        print(f"not what the design says: {one}", file=sys.stderr)
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
