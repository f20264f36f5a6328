"""Compiled search in Cython: the search of `porcupine/search.py` on flat arrays, without the GIL.

    build_problem       from the columns of histories to flat arrays, all keys in one pass; includes
        layout              what is left out of them, and which operations are open when
    problem             these arrays, and the results
    steps               transitions: registers built in, any other model through a table that Python fills
    string_steps        transitions of strings, which fill the table too
    search64 search256 search1024    the search for sets of 1, 4 and 16 words, from one source; they include
        sets                sets of slots
        search              what all engines share: a problem, what may be spent, which operations to try
        visited             configurations entered before
        window              open operations, and what they ask for and leave
        register            which operations are worth trying on a register, and why nothing is lost
        path                from configuration to configuration, with the order so far
        dfs                 depth-first search: finds the order of most linearizable histories at once
        bfs                 breadth-first search: gets along with many crashed operations
        local_refutation    refutes by the last few levels before the return where the depth-first search is stuck
        reconstruct_order   from a path to an order of all operations
        portfolio           all engines in turns
        driver              many problems, one after the other
    tuning              settings of the search, one record for all widths
    verify              verification of orders
    zones               registers whose writes are all different, without a search
    kv_append_monitor   string stores whose gets tell who made what they saw, without a search; includes
        pieces chains       the strings put or appended, and what each get saw
    short_history       short histories, and many at once

Everything here is optional: without a C compiler the parts are not built, and `porcupine.search` answers instead.
Pitfall: after changing a `.pyx`, `.pxi` or `.pxd`, install again; `harness/compiled.py` tells it until then.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

_PARTS = [source.stem for source in Path(__file__).parent.glob("*.pyx")]
BUILT: Final = bool(_PARTS) and all(find_spec(f"{__name__}.{part}") is not None for part in _PARTS)
"""Whether all parts are there."""

WIDEST: Final = 1024
"""The most operations that may be open at once, or crashed; beyond that the search in Python answers."""
