# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Problems from histories: columns to flat arrays of integers, all keys in one pass.

The compiled twin of `porcupine/prepare.py` and `window.py`, which say what is left out and why that is sound. Two things
are added in `layout`: crashed operations that nothing can have needed are dropped, where the step is known by builtin, and
levels and slots are laid out at once.

Pitfall: `partner` and the other columns are read as raw memory, so nothing may be appended to the history meanwhile.
The GIL is held for that reason; what a search reads later is a copy.
"""

from cpython cimport array
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from splitbrain.checkers.porcupine.kernel.problem cimport (
    CAS, NEVER, READ, REFUSED, TABULATED, UNDECIDED, WRITE, Batch, Level, Op, Problem, larger,
)
from splitbrain.checkers.porcupine.kernel.steps cimport CLASS_NAME, Transitions

from splitbrain.checkers.porcupine.kernel.problem import TooWide
from splitbrain.checkers.porcupine.refusals import answer

cdef enum:
    ABSENT = -1
    UNSEEN_RESULT = -2
    REFUSED_RESULT = -3
    SAW_RESULT = -4     # less the id of the value that a refused operation found: see `porcupine/refusals.py`
    LOOK_BACK = 4096
    NAMES_MAX = 64
    KEPT_EVENTS = 1 << 16   # scratch memory for more than these is not kept for the next history

cdef enum:
    TYPE_INVOKE = 0
    TYPE_OK = 1
    TYPE_FAIL = 2
    TYPE_INFO = 3

cdef enum:
    IS_PURE = 1
    IS_OBSERVATION = 2
    IS_REFUSABLE = 4

include "layout.pxi"
include "reading.pxi"


cdef class Preparation:
    """One pass over a history, and its scratch memory."""

    cdef ModelReading reading
    cdef Transitions transitions
    cdef list values
    cdef object intern, tables
    cdef int32_t ids[NAMES_MAX]
    cdef int32_t initial
    # Of each operation kept, in order of invocation: itself, its completion (NEVER if it crashed), its problem.
    cdef Op *raw
    cdef int32_t *ret
    cdef int32_t *part
    cdef int32_t *returned
    cdef int32_t *raw_at
    cdef Py_ssize_t kept, returns, parts, observed
    cdef object pair_column
    cdef int32_t *pairs
    cdef Py_ssize_t pairs_known
    # Of each value id: its problem if it is a key; where it was last observed; its number among the values of the
    # transitions, and among the names. All but the numbers ABSENT between histories.
    cdef int32_t *part_of
    cdef int32_t *last
    cdef int32_t *number_of
    cdef int32_t *name_of
    cdef int32_t *keys
    cdef Py_ssize_t events_room, room, values_room

    def __dealloc__(self):
        free(self.raw)
        free(self.ret)
        free(self.part)
        free(self.returned)
        free(self.raw_at)
        free(self.keys)
        free(self.part_of)
        free(self.last)
        free(self.number_of)
        free(self.name_of)

    cdef int reserve(self, Py_ssize_t events, Py_ssize_t invocations, Py_ssize_t values) except -1:
        cdef size_t n, old = <size_t>self.values_room
        if events > self.events_room or self.raw_at == NULL:
            n = <size_t>max(events, 256)
            self.raw_at = <int32_t *>larger(self.raw_at, n * sizeof(int32_t))
            self.events_room = <Py_ssize_t>n
        if invocations + 1 > self.room or self.raw == NULL:
            n = <size_t>max(invocations + 1, 128)
            self.raw = <Op *>larger(self.raw, n * sizeof(Op))
            self.ret = <int32_t *>larger(self.ret, n * sizeof(int32_t))
            self.part = <int32_t *>larger(self.part, n * sizeof(int32_t))
            self.returned = <int32_t *>larger(self.returned, n * sizeof(int32_t))
            self.keys = <int32_t *>larger(self.keys, n * sizeof(int32_t))
            self.room = <Py_ssize_t>n
        if values + 1 > self.values_room:
            n = <size_t>max(values + 1, 256)
            self.part_of = cleared(self.part_of, old, n)
            self.last = cleared(self.last, old, n)
            self.number_of = cleared(self.number_of, old, n)
            self.name_of = cleared(self.name_of, old, n)
            self.values_room = <Py_ssize_t>n
        return 0

    cdef int add(self, object history, Batch out, object only, array.array among) except -1:
        """Put the problems of a history at the end of a batch."""
        cdef Py_ssize_t number
        cdef object pool = history.pool
        cdef array.array pairs
        cdef object names = pool.names  # a subclass of dict, which would make an id of a name never seen
        cdef PyObject *found
        self.values, self.intern, self.tables = pool.values, pool.id, pool.tables
        pairs = self.pair_column = pool.pairs
        self.pairs, self.pairs_known = <int32_t *>pairs.data.as_ints, len(pairs)
        self.initial = self.id(self.reading.initial) if self.reading.native else 0
        for number in range(self.reading.known):
            found = PyDict_GetItem(names, self.reading.words[number])
            self.ids[number] = ABSENT if found == NULL else <object>found
        self.kept = self.returns = self.parts = self.observed = 0
        try:
            self.walk(history, only, among)
        finally:
            for number in range(self.parts):
                self.part_of[self.keys[number] + 1] = ABSENT
            for number in range(self.reading.known):
                if self.ids[number] >= 0 and self.name_of != NULL:
                    self.name_of[self.ids[number]] = ABSENT
        self.put(out)
        return 0

    cdef int walk(self, object history, object only, array.array among) except -1:
        """Keep what may have happened, with its problem and in order; and the returns in theirs."""
        cdef ModelReading reading = self.reading
        cdef array.array types = history.type, processes = history.process, fs = history.f, keys = history.key
        cdef object pairing = history.pairing
        cdef array.array values = history.value, partners = pairing.partner, revisions = history.revision
        cdef array.array errors = history.error, tokens = history.token
        cdef int32_t *token = <int32_t *>tokens.data.as_ints
        cdef int8_t *kind = <int8_t *>types.data.as_schars
        cdef int64_t *process = <int64_t *>processes.data.as_longlongs
        cdef int64_t *partner = <int64_t *>partners.data.as_longlongs
        cdef int64_t *revision = <int64_t *>revisions.data.as_longlongs
        cdef int32_t *f = <int32_t *>fs.data.as_ints
        cdef int32_t *key = <int32_t *>keys.data.as_ints
        cdef int32_t *value = <int32_t *>values.data.as_ints
        cdef int32_t *error = <int32_t *>errors.data.as_ints
        cdef int32_t *chosen = <int32_t *>among.data.as_ints if among is not None else NULL
        cdef array.array invoked = pairing.invoke
        cdef int64_t *invocation = <int64_t *>invoked.data.as_longlongs
        cdef Py_ssize_t events = len(types), invocations = len(invoked), place, position, returns = 0
        cdef int32_t part = ABSENT, seen, complete, number = 0, latest_key = ABSENT, latest_part = -1
        cdef bint by_key = reading.by_key, native = reading.native, observed
        cdef int8_t ended, flags
        cdef int name
        cdef int64_t call[CLASS_NAME]
        cdef Op *op
        cdef int32_t *at
        cdef int32_t *returned
        if events > NEVER - 1:
            raise MemoryError
        self.reserve(events, invocations, max(<Py_ssize_t>len(self.values), invocations))
        self.know_names()
        at, returned = self.raw_at, self.returned
        memset(at, 0xff, <size_t>events * sizeof(int32_t))
        if not native:
            memset(self.number_of, 0xff, <size_t>len(self.values) * sizeof(int32_t))
        for place in range(invocations):
            position = invocation[place]
            if chosen != NULL and not chosen[position]:
                continue
            name = self.name_of[f[position]]
            if name < 0:
                raise UnknownOperation
            flags = reading.flags[name]
            complete = <int32_t>partner[position]
            ended = TYPE_INFO if complete < 0 else kind[complete]
            if ended == TYPE_OK:
                seen = value[complete]
            elif ended == TYPE_FAIL:
                if not flags & IS_REFUSABLE:
                    continue
                seen = answer(self.transitions.model, self.values, error[complete], value[complete], value[position])
                if seen == ABSENT:
                    continue
            elif flags & IS_PURE:
                continue
            else:
                seen, complete = UNSEEN_RESULT, NEVER
            part = key[position] if by_key else ABSENT
            if chosen != NULL:
                part = chosen[position] - 2
            if only is not None and part not in only:
                continue
            if part != latest_key or latest_part < 0:
                latest_key = part
                latest_part = self.part_of[part + 1]
                if latest_part < 0:
                    latest_part = self.part_of[part + 1] = <int32_t>self.parts
                    self.keys[self.parts] = part
                    self.parts += 1
            if ended != TYPE_INFO:
                at[complete] = number
            self.part[number] = latest_part
            self.ret[number] = complete
            op = &self.raw[number]
            op.invoked = <int32_t>position
            op.crashed = ended == TYPE_INFO
            op.pure = (flags & IS_PURE) != 0 or seen <= REFUSED_RESULT
            observed = seen <= REFUSED_RESULT or (ended == TYPE_OK and (
                (flags & IS_OBSERVATION) != 0 or (reading.sees_revision and revision[complete] != ABSENT)
            ))
            op.slot, op.due = ABSENT, NEVER
            op.before = 1 if observed else ABSENT  # until the layout puts the slot's holder here
            self.observed += observed
            if native:
                self.operands(op, reading.code[name], value[position], seen)
            else:
                op.f = TABULATED
                call[0], call[1] = name, self.number(value[position])
                call[2] = self.number(seen) if seen >= 0 else seen
                if seen <= SAW_RESULT:
                    call[2] = SAW_RESULT - self.number(SAW_RESULT - seen)
                call[3] = ABSENT if by_key or key[position] < 0 else self.number(key[position])
                call[4] = process[position] if reading.sees_process else ABSENT
                call[5] = revision[complete] if reading.sees_revision and seen != UNSEEN_RESULT else ABSENT
                call[6] = ABSENT
                if reading.sees_token and seen != UNSEEN_RESULT and token[complete] >= 0:
                    call[6] = self.number(token[complete])
                op.a = self.transitions.class_of(call, reading.words[name], op.pure)
                op.b = op.pure and self.transitions.has_parts(op.a)
            number += 1
        # All returns in order: every event writes, and those that are none are written over.
        for place in range(events):
            returned[returns] = at[place]
            returns += at[place] >= 0
        self.kept, self.returns = number, returns
        return 0

    cdef int know_names(self) except -1:
        """Find the names that the model knows."""
        cdef Py_ssize_t number
        for number in range(self.reading.known):
            if self.ids[number] >= 0:
                self.name_of[self.ids[number]] = <int32_t>number
        return 0

    cdef inline int32_t number(self, int32_t value) except -1:
        """The number of a value of the history among those of the transitions."""
        if self.number_of[value] < 0:
            self.number_of[value] = self.transitions.value(self.values[value])
        return self.number_of[value]

    cdef inline int32_t id(self, object value) except -1:
        """The id of a value in the history; of a plain one that is there it is looked up without Python."""
        cdef PyObject *table = PyDict_GetItem(self.tables, <object>type(value))
        cdef PyObject *found = NULL if table == NULL else PyDict_GetItem(<object>table, value)
        return self.intern(value) if found == NULL else <object>found

    cdef inline int operands(self, Op *op, int8_t code, int32_t argument, int32_t seen) except -1:
        """Set the operands of a step that is known built in."""
        op.f, op.a, op.b = code, seen if code == READ else argument, ABSENT
        if code == CAS:
            if 2 * argument >= self.pairs_known or self.pairs[2 * argument] < 0:
                self.take_apart(argument)
            op.a, op.b = self.pairs[2 * argument], self.pairs[2 * argument + 1]
            if seen == REFUSED_RESULT:
                op.f = REFUSED
            elif seen <= SAW_RESULT:
                if op.a == SAW_RESULT - seen:  # it found what it asked for, and yet was refused
                    raise NotBuiltin
                op.f, op.a, op.b = READ, SAW_RESULT - seen, ABSENT
        elif code != READ and code != WRITE:
            raise NotBuiltin
        return 0

    cdef int take_apart(self, int32_t argument) except -1:
        """Put the ids of both parts of a value into the pool's column; they are in the pool since the whole is."""
        cdef array.array pairs = self.pair_column
        both = self.values[argument]
        if type(both) is not tuple or len(both) != 2:
            raise NotBuiltin
        first, second = self.id(both[0]), self.id(both[1])
        if len(pairs) <= 2 * argument:
            pairs.extend([ABSENT] * (2 * len(self.values) - len(pairs)))
        pairs[2 * argument], pairs[2 * argument + 1] = first, second
        self.pairs, self.pairs_known = <int32_t *>pairs.data.as_ints, len(pairs)
        return 0

    cdef int put(self, Batch out) except -1:
        """Operations and returns sorted by problem, each laid out."""
        cdef Py_ssize_t number
        cdef int64_t first = out.operations
        cdef Problem *problem
        cdef Problem *problems
        out.reserve(self.kept, self.parts)
        problems = out.problems + out.count
        if self.parts == 1:
            problems[0].n = <int32_t>self.kept
        else:
            for number in range(self.kept):
                problems[self.part[number]].n += 1
        for number in range(self.parts):
            problem = &problems[number]
            problem.first, problem.key, problem.verdict = first, self.keys[number], UNDECIDED
            problem.initial, problem.history = self.initial, <int32_t>out.histories
            first += problem.n
            problem.size = problem.n
        # `order` holds completions and `crashed` the returns until the layout has used them.
        if self.parts == 1:
            problem = &problems[0]
            memcpy(out.ops + problem.first, self.raw, <size_t>self.kept * sizeof(Op))
            memcpy(out.order + problem.first, self.ret, <size_t>self.kept * sizeof(int32_t))
            memcpy(out.crashed + problem.first, self.returned, <size_t>self.returns * sizeof(int32_t))
            problem.levels, problem.observations = <int32_t>self.returns, <int32_t>self.observed
        else:
            self.sort(out, problems)
        for number in range(self.parts):
            problem = &problems[number]
            if self.reading.native and problem.levels < problem.n:
                drop_unneeded(out, problem, self.last, self.raw_at, self.returned)
            lay_out(out, problem, self.raw_at, self.returned)
        out.begins[out.histories] = <int32_t>out.count
        out.histories += 1
        out.count += self.parts
        out.operations += self.kept
        return 0

    cdef int sort(self, Batch out, Problem *problems) except -1:
        """Operations and returns to their problems."""
        cdef Py_ssize_t number, at
        cdef Problem *problem
        for number in range(self.parts):
            problems[number].n = 0
        for number in range(self.kept):
            problem = &problems[self.part[number]]
            at = problem.first + problem.n
            self.raw_at[number] = problem.n
            problem.n += 1
            out.ops[at] = self.raw[number]
            problem.observations += out.ops[at].before == 1
            out.order[at] = self.ret[number]
        for number in range(self.returns):
            problem = &problems[self.part[self.returned[number]]]
            out.crashed[problem.first + problem.levels] = self.raw_at[self.returned[number]]
            problem.levels += 1
        return 0


cdef int32_t *cleared(int32_t *at, size_t old, size_t n) except NULL:
    """The same memory with more room, in which everything new is ABSENT."""
    cdef int32_t *found = <int32_t *>larger(at, n * sizeof(int32_t))
    memset(found + old, 0xff, (n - old) * sizeof(int32_t))
    return found


cdef list _spare = []


def prepare(object histories, ModelReading reading, Transitions transitions, Batch out=None, bint skip=False,
            object only=None, array.array among=None):
    """The problems of these histories: a new batch, or the old one with new contents.

    skip: whether a history that raises NotBuiltin or UnknownOperation is left without problems, instead of raising it.
    only: the keys (value ids), if not all. among: of each event, for the operation that it invokes: two more than
    its part, which is told as its key; 0 leaves it out.
    Also MemoryError; HistoryError of a history that is not well-formed.
    """
    cdef Preparation work = _spare.pop() if _spare else Preparation()
    if out is None:
        out = Batch()
    out.clear()
    out.native = reading.native
    work.reading, work.transitions = reading, transitions
    try:
        for history in histories:
            try:
                work.add(history, out, only, among)
            except (NotBuiltin, UnknownOperation):
                if not skip:
                    raise
                work.kept = work.parts = work.returns = 0
                work.put(out)
    finally:
        work.values = work.intern = work.tables = work.pair_column = work.reading = work.transitions = None
        if work.events_room <= KEPT_EVENTS and work.values_room <= KEPT_EVENTS and len(_spare) < 4:
            _spare.append(work)
    return out
