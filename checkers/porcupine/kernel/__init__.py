"""Is the compiled search there? Cython behind the clear Python: the same search on flat arrays, without the GIL.

    reading   from the columns of histories to flat arrays, all keys in one pass
    layout    what is left out of them, and who is open when
    problem   these arrays, and the answers
    steps     transitions: registers by heart, any other model through a table that Python fills
    text_steps    texts by heart, which fill the table too
    search    what all engines share: a problem, what may be spent, which operations to try
    register  which operations are worth trying on a register, and why nothing is lost
    window    which operations are open, and what they ask for and leave
    walk      from configuration to configuration, writing down the order
    memo      where a search has been
    depth     depth first: finds the order of most linearizable histories at once
    levels    level by level: gets along with many crashed operations
    near      refutes by the last few levels before the return where the depth-first search is stuck
    rounds    all engines in turns
    placing   from what a walk wrote down to an order of all operations
    decide    many problems, one after the other
    verify    whether an order is a proof, in a hurry
    zones     registers whose writes are all different, without a search
    texts     keys of a store whose gets tell who made what they saw, without a search
    front     short histories, and very many, without a detour
    narrow · wide · vast    the same source, compiled for sets of 1, 4 and 16 words

Everything here is optional: without a C compiler the parts are not built, and `porcupine.search` answers instead.
The trap: a kernel built from older sources. After changing a `.pyx`, `.pxi` or `.pxd`, install again.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

_PARTS = [source.stem for source in Path(__file__).parent.glob("*.pyx")]
BUILT: Final = bool(_PARTS) and all(find_spec(f"{__name__}.{part}") is not None for part in _PARTS)
"""Whether all parts are there."""

WIDEST: Final = 1024
"""The most operations that may be open at once, or crashed; beyond that the search in Python answers."""
