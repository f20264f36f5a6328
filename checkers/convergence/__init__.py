"""Convergence: what all copies hold once updates have ended and had time to be delivered.

    registers     one of the last concurrent writes
    overwritten   which writes others came causally after
    collections   sets, lists and counters: everything acknowledged, and nothing that failed
    check         the checks, and their entries for `--model`

Judged by the last read of each key at each node (each session, where the history has no nodes) among those that began
`settle` milliseconds after the last acknowledged update of the key had ended and the last fault before them was over:
quiescent consistency, as Burckhardt, "Principles of Eventual Consistency" (2014) calls it.

Pitfall: a finite history never refutes that copies agree some day. `invalid` says that they had not after `settle`.
"""
