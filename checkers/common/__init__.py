"""Parts that every checker uses: values, keys, event descriptions and catalogue entries.

    values            equality, hashable forms and formatting of recorded values
    per_key           operations grouped by key, and one verdict over all keys
    event_format      process, node and time of an event, for witnesses
    operation_format  an operation in words
    selection         part of a history judged by itself, with the verdict about positions of the whole
    registers         reads and writes of registers, their sessions and reads-from
    session_order     topological order and clocks of their sessions
    findings          what a checker of a weak model says, and the verdict of it
    entry             a named choice with options, as `--model` and `list` show it

Imports nothing of the other checkers.
"""
