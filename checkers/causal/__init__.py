"""Causal models of registers: causal consistency (CC), causal convergence (CCv), causal memory (CM) and PRAM.

    clocks     causal order by vector clocks, and the patterns of CC and CCv
    sessions   what each session must see as one order: the patterns of CM and PRAM
    check      the checkers, and their entries for `--model`

Definitions and bad patterns as in Bouajjani, Enea, Guerraoui, Hamza: On Verifying Causal Consistency (POPL 2017); PRAM
as in Lipton & Sandberg (1988).
"""
