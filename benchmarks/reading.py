"""Speed of reading and recording histories. `python benchmarks/reading.py [OPERATIONS]`, by default 1,000,000.

Each format is written once to a temporary file and read in a process of its own, so that the memory printed is that
of one history. Seconds are of the processor, from opening the file to a validated, paired history; memory is the peak
of the process beyond what the interpreter and the imports take. Pitfall: EDN is measured on a tenth of the operations.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from splitbrain.harness.histories import Recorder, read
from splitbrain.harness.operation import Operation, Outcome

Line = Callable[[int, int, str, int], str]

LINES: dict[str, Line] = {
    "own.jsonl": lambda index, process, kind, value: (
        f'{{"index":{index},"time":{index * 1000},"process":{process},"type":"{kind}","f":"write","key":"k4",'
        f'"value":{value},"node":"n3"}}\n'
    ),
    "foreign.jsonl": lambda index, process, kind, value: (
        f'{{"process":{process},"type":"{kind}","f":"write","value":{value}}}\n'
    ),
    "knossos.edn": lambda index, process, kind, value: (
        f"{{:process {process}, :type :{kind}, :f :cas, :value [{value % 5} {value % 4}]}}\n"
    ),
    "jepsen.edn": lambda index, process, kind, value: (
        f"{{:type :{kind}, :f :write, :value {value}, :process {process}, :time {index * 1000}, :index {index}}}\n"
    ),
    "etcd.log": lambda index, process, kind, value: f"INFO  jepsen.util - {process}\t:{kind}\t:write\t{value % 5}\n",
}
TENTH = {"knossos.edn", "jepsen.edn"}


def lines(line: Line, operations: int) -> Iterator[str]:
    """Ten processes, all of them always busy."""
    for index in range(2 * operations):
        turn, kind = divmod(index, 20)[0], "invoke" if index % 20 < 10 else "ok"
        yield line(index, index % 10, kind, turn * 10 + index % 10)


def measured(path: Path) -> tuple[int, float, float]:
    """(operations, seconds, MiB) of reading a file."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    operations = len(read(path).operations())
    seconds = time.process_time() - begin
    return operations, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def recorded(folder: Path, operations: int) -> tuple[float, float]:
    """(microseconds an operation, seconds of compressing) of recording; making the operations is not counted."""
    recorder = Recorder(folder / "history.jsonl", time.monotonic_ns)
    work = [(i % 10, Operation("write", i, "k4"), Outcome.ok(i)) for i in range(operations)]
    begin = time.process_time()
    for process, operation, outcome in work:
        recorder.invoke(process, operation, "n3")
        recorder.complete(process, operation, outcome, "n3")
    end = time.process_time()
    recorder.close()
    return (end - begin) / operations * 1e6, time.process_time() - end


def main() -> None:
    """Print one line a format, and one for recording."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'format':16}{'operations':>12}{'seconds':>10}{'operations/s':>14}{'MiB':>8}")
        for file, line in LINES.items():
            path = folder / file
            with path.open("w") as out:
                out.writelines(lines(line, wanted // 10 if file in TENTH else wanted))
            with fresh.Pool(1) as pool:
                operations, seconds, mib = pool.apply(measured, (path,))
            path.unlink()
            print(f"{file:16}{operations:12,}{seconds:10.2f}{operations / seconds:14,.0f}{mib:8.0f}")
        microseconds, compressing = recorded(folder, wanted // 10)
        print(f"recording: {microseconds:.2f} µs an operation (two events); compressing {compressing:.2f} s")


if __name__ == "__main__":
    main()
