"""Results of runs: kept, shown and compared.

A map, from a history outwards:

- `faults`    when each fault was on, and what it did
- `summary`   counts, availability and latency of a history
- `series`    the same over time, in buckets
- `result`    verdict, figures and seed of one judged history or run: `verdict.json`
- `index`     run folders in a SQLite file, rebuilt from them at any time
- `intervals` how far a share that was counted may be from the true one
- `junit`     test cases as continuous integration reads them
- `folder`    a run on disk, and `runs/latest`
- `format`   how times, shares, values and operations are written for people
- `text`      a result as lines for the terminal
- `report/`   a result as one self-contained page
"""
