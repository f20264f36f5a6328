"""Generators of clients' operations: pure, seeded, composable.

`core` holds the protocol; the combinators stand beside it by family, and `simulate` shows what a generator would do:

- `sources`    `repeat` `once` `calls` `sequence` `deal` `nothing`
- `choice`     `mix` `weighted` `alternate` `any_of`
- `pace`       `rate` `stagger` `delay` `sleep` `limit` `time_limit` `process_limit`
- `order`      `then` `phases` `cycle` `until_ok`
- `retry`      `each_until_ok`
- `threads`    `per_thread` `per_process` `on_threads` `reserve`
- `transform`  `transform` `rename` `keep`

Jepsen's names: a function is `calls`, a map `once` or `repeat`, `flip-flop` is `alternate`, `concat` is
`then`, `each-thread` is `per_thread`, `map`, `f-map` and `filter` are `transform`, `rename` and `keep`.
"""

from splitbrain.harness.generator.choice import alternate, any_of, mix, weighted
from splitbrain.harness.generator.core import SECOND, Answer, Completion, Context, Done, Generator, Wait
from splitbrain.harness.generator.order import cycle, phases, then, until_ok
from splitbrain.harness.generator.pace import delay, limit, process_limit, rate, sleep, stagger, time_limit
from splitbrain.harness.generator.retry import each_until_ok
from splitbrain.harness.generator.simulate import Moment, simulate
from splitbrain.harness.generator.sources import calls, deal, nothing, once, repeat, sequence
from splitbrain.harness.generator.threads import on_threads, per_process, per_thread, reserve
from splitbrain.harness.generator.transform import keep, rename, transform

__all__ = [
    "SECOND", "Answer", "Completion", "Context", "Done", "Generator", "Moment", "Wait",
    "alternate", "any_of", "calls", "cycle", "deal", "delay", "each_until_ok", "keep", "limit", "mix", "nothing",
    "on_threads", "once", "per_process", "per_thread", "phases", "process_limit", "rate", "rename", "repeat", "reserve",
    "sequence", "simulate", "sleep", "stagger", "then", "time_limit", "transform", "until_ok", "weighted",
]  # fmt: skip
