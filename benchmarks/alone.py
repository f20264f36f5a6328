"""Time and memory of reading and checking one history, in a process of its own. `alone.py FILE MODEL SECONDS`

Prints one JSON object: read_seconds, seconds (on one core; null if undecided) and wall_seconds, medians of three turns,
verdict, and peak_bytes of the whole process. Pitfall: getrusage counts what the process that started this one had; the
kernel's own account in /proc does not.
"""

import gc
import json
import statistics
import sys
import time
from pathlib import Path

from splitbrain.checkers import porcupine
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read

TURNS = 3


def main() -> None:
    """Read, check, tell."""
    file, model, seconds_max = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    began = time.perf_counter()
    history = read(file)
    history.operations()
    read_seconds = time.perf_counter() - began
    turns: list[tuple[float, float]] = []
    verdict = ""
    while len(turns) < TURNS and verdict != "unknown":
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        budget = Budget(seconds=seconds_max, configurations=1 << 60)
        verdict = porcupine.check(porcupine.MODELS[model].make(), history, budget, explain=False).value.value
        turns.append((time.perf_counter() - wall, time.process_time() - cpu))
    said = {
        "seconds": None if verdict == "unknown" else statistics.median(map(max, turns)),
        "wall_seconds": statistics.median(wall for wall, _ in turns),
        "read_seconds": read_seconds,
        "verdict": verdict,
        "peak_bytes": int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
