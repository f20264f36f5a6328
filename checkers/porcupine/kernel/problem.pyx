# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What must be searched? From the columns of a history to flat arrays of integers, all keys in one pass.

The compiled twin of `porcupine/prepare.py` and `window.py`, which say what is left out and why that is sound. Two things
are added here. Crashed operations that nothing can have needed are dropped, where the step is known by heart: see
`drop_unneeded`. And levels and slots are laid out at once, so that a search has only to fill in its masks.

The trap: `partner` and the other columns are read as raw memory, so nothing may be appended to the history meanwhile.
The GIL is held for that reason; what a search reads later is a copy.
"""

from cpython cimport array
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

cdef enum:
    ABSENT = -1
    UNSEEN_RESULT = -2
    REFUSED_RESULT = -3
    LOOK_BACK = 4096
    NAMES_MAX = 64
    CLASS_NAME = 6      # f, argument, result, key, process, revision

cdef enum:
    TYPE_INVOKE = 0
    TYPE_OK = 1
    TYPE_FAIL = 2
    TYPE_INFO = 3

cdef enum:
    IS_PURE = 1
    IS_OBSERVATION = 2
    IS_REFUSABLE = 4


class NotByHeart(Exception):
    """The history holds something that the step known by heart does not cover; `step` of Python must be asked."""


class TooWide(Exception):
    """More operations are open at once, or crashed, than the widest sets hold; or a model knows more names."""


class UnknownOperation(Exception):
    """A client did something that the model does not know."""


cdef class Batch:
    """The problems of one history, in order of their first invocation, and the answers found so far.

    count: how many problems. operations: of all of them together. held: bytes. native: whether the step is known by
    heart; then `initial` is the value id of the first state, else `classes` holds (f, argument, result, key) of each
    class as ids, its process and revision, and `pure` whether it changes no state.
    """

    def __dealloc__(self):
        free(self.ops)
        free(self.levels)
        free(self.crashed)
        free(self.twin)
        free(self.order)
        free(self.problems)

    cdef int allocate(self, Py_ssize_t operations, Py_ssize_t problems) except -1:
        cdef size_t n = <size_t>max(operations, 1)
        self.ops = <Op *>malloc(n * sizeof(Op))
        self.levels = <Level *>malloc(n * sizeof(Level))
        self.crashed = <int32_t *>malloc(n * sizeof(int32_t))
        self.twin = <int32_t *>malloc(n * sizeof(int32_t))
        self.order = <int32_t *>malloc(n * sizeof(int32_t))
        self.problems = <Problem *>calloc(<size_t>max(problems, 1), sizeof(Problem))
        if (self.ops == NULL or self.levels == NULL or self.crashed == NULL or self.twin == NULL or self.order == NULL
                or self.problems == NULL):
            raise MemoryError
        self.held = n * (sizeof(Op) + sizeof(Level) + 3 * sizeof(int32_t)) + problems * sizeof(Problem)
        self.operations = operations
        self.count = problems
        return 0

    def __len__(self):
        return self.count

    def key(self, Py_ssize_t number):
        """The value id of the key of a problem, or ABSENT."""
        return self.problems[number].key

    def size(self, Py_ssize_t number):
        """How many operations it has, those included that were found not to be needed."""
        return self.problems[number].size

    def widest(self, Py_ssize_t number):
        """How many slots a set needs: for operations open at once, or crashed."""
        return max(self.problems[number].width, self.problems[number].crashed)

    def check_width(self, int32_t most):
        """TooWide if a problem needs more slots."""
        cdef Py_ssize_t number
        for number in range(self.count):
            if self.problems[number].width > most or self.problems[number].crashed > most:
                raise TooWide

    def observations(self, Py_ssize_t number):
        """How many operations could have refuted the model."""
        return self.problems[number].observations

    def observed(self):
        """Whether any operation of any problem could have refuted the model."""
        cdef Py_ssize_t number
        for number in range(self.count):
            if self.problems[number].observations:
                return True
        return False

    def verdict(self, Py_ssize_t number):
        """VALID, INVALID or UNDECIDED."""
        return self.problems[number].verdict

    def lacked(self, Py_ssize_t number):
        """Whether its last search ran out of memory."""
        return self.problems[number].lacked

    def configurations(self, Py_ssize_t number):
        """How many were entered in all searches of this problem."""
        return self.problems[number].configurations

    def order_of(self, Py_ssize_t number):
        """The order found, or the longest one: positions of invocations."""
        cdef Problem *problem = &self.problems[number]
        cdef Py_ssize_t place
        cdef tuple out
        return tuple([self.ops[problem.first + self.order[problem.first + place]].invoked
                      for place in range(problem.placed)])

    def placed(self, Py_ssize_t number):
        """How long that order is."""
        return self.problems[number].placed

    def blocked(self, Py_ssize_t number):
        """The invocation of the operation that was owed when nothing was left to try."""
        cdef Problem *problem = &self.problems[number]
        return self.ops[problem.first + problem.blocked].invoked

    def states(self, Py_ssize_t number):
        """States in which it was owed, at most STATES_KEPT of them: value ids, or numbers of the table."""
        cdef Problem *problem = &self.problems[number]
        cdef Py_ssize_t place
        return [problem.state[place] for place in range(problem.states)]


cdef struct Name:
    int32_t id
    int8_t code, flags


cdef class Preparation:
    """One pass over a history, and its scratch memory. Used by `prepare` alone."""

    cdef object values
    cdef object pool
    cdef object is_refusal
    cdef Name names[NAMES_MAX]
    cdef int known
    cdef bint native
    # Of each operation kept, in order of invocation: itself, its completion (NEVER if it crashed), its problem.
    cdef Op *raw
    cdef int32_t *ret
    cdef int32_t *part
    cdef int32_t *returned
    cdef int32_t *raw_at
    cdef Py_ssize_t kept, returns
    # Of each value id: its problem if it is a key; its place among the arguments of cas; where it was last observed.
    cdef int32_t *part_of
    cdef int32_t *old_of
    cdef list pairs
    cdef list parts
    cdef int32_t *last
    cdef list keys
    cdef list sizes
    # Classes of calls, found by hash.
    cdef int32_t *class_at
    cdef uint64_t class_mask
    cdef list class_names
    cdef bytearray pure
    cdef int64_t *name_of
    cdef bint sees_process, sees_revision

    def __dealloc__(self):
        free(self.raw)
        free(self.ret)
        free(self.part)
        free(self.returned)
        free(self.raw_at)
        free(self.part_of)
        free(self.old_of)
        free(self.last)
        free(self.class_at)
        free(self.name_of)

    cdef int reserve(self, Py_ssize_t invocations, Py_ssize_t events) except -1:
        cdef size_t n = <size_t>invocations + 1, values = len(self.values) + 1
        self.raw = <Op *>malloc(n * sizeof(Op))
        self.ret = <int32_t *>malloc(n * sizeof(int32_t))
        self.part = <int32_t *>malloc(n * sizeof(int32_t))
        self.returned = <int32_t *>malloc(n * sizeof(int32_t))
        self.raw_at = <int32_t *>malloc((<size_t>events + 1) * sizeof(int32_t))
        self.part_of = <int32_t *>malloc(values * sizeof(int32_t))
        if (self.raw == NULL or self.ret == NULL or self.part == NULL or self.returned == NULL or self.raw_at == NULL
                or self.part_of == NULL):
            raise MemoryError
        memset(self.part_of, 0xff, values * sizeof(int32_t))
        self.keys, self.sizes = [], []
        if not self.native:
            self.class_names, self.pure = [], bytearray()
            self.class_mask = 255
            self.class_at = <int32_t *>malloc(256 * sizeof(int32_t))
            self.name_of = <int64_t *>malloc(128 * CLASS_NAME * sizeof(int64_t))
            if self.class_at == NULL or self.name_of == NULL:
                raise MemoryError
            memset(self.class_at, 0xff, 256 * sizeof(int32_t))
        return 0

    cdef inline Name *name(self, int32_t f) noexcept:
        cdef int number
        for number in range(self.known):
            if self.names[number].id == f:
                return &self.names[number]
        return NULL

    cdef int walk(self, object history, bint by_key, object only) except -1:
        """Keep what may have happened, with its problem and in order; and the returns in theirs."""
        cdef array.array types = history.type, processes = history.process, fs = history.f, keys = history.key
        cdef array.array values = history.value, partners = history.partner, revisions = history.revision
        cdef int8_t *kind = <int8_t *>types.data.as_schars
        cdef int64_t *process = <int64_t *>processes.data.as_longlongs
        cdef int64_t *partner = <int64_t *>partners.data.as_longlongs
        cdef int64_t *revision = <int64_t *>revisions.data.as_longlongs
        cdef int32_t *f = <int32_t *>fs.data.as_ints
        cdef int32_t *key = <int32_t *>keys.data.as_ints
        cdef int32_t *value = <int32_t *>values.data.as_ints
        cdef Py_ssize_t position, events = len(types)
        cdef int32_t part = ABSENT, seen, complete, number, latest_key = ABSENT, latest_part = -1
        cdef int8_t ended
        cdef int64_t call[CLASS_NAME]
        cdef Name *name
        cdef Op *op
        cdef list sizes = self.sizes
        if events > NEVER - 1:
            raise MemoryError
        for position in range(events):
            if process[position] < 0:
                continue
            if kind[position] != TYPE_INVOKE:
                number = self.raw_at[partner[position]]
                if number >= 0 and self.ret[number] != NEVER:
                    self.returned[self.returns] = number
                    self.returns += 1
                continue
            self.raw_at[position] = -1
            name = self.name(f[position])
            if name == NULL:
                raise UnknownOperation
            complete = <int32_t>partner[position]
            ended = TYPE_INFO if complete < 0 else kind[complete]
            if ended == TYPE_OK:
                seen = value[complete]
            elif ended == TYPE_FAIL:
                if not name.flags & IS_REFUSABLE or not self.is_refusal(complete):
                    continue
                seen = REFUSED_RESULT
            elif name.flags & IS_PURE:
                continue
            else:
                seen, complete = UNSEEN_RESULT, NEVER
            part = key[position] if by_key else ABSENT
            if only is not None and part not in only:
                continue
            if part != latest_key or latest_part < 0:
                latest_key = part
                latest_part = self.part_of[part + 1]
                if latest_part < 0:
                    latest_part = self.part_of[part + 1] = <int32_t>len(self.keys)
                    self.keys.append(part)
                    sizes.append(0)
            number = <int32_t>self.kept
            self.kept += 1
            self.raw_at[position] = number
            self.part[number] = latest_part
            self.ret[number] = complete
            op = &self.raw[number]
            op.invoked = <int32_t>position
            op.crashed = ended == TYPE_INFO
            op.pure = (name.flags & IS_PURE) != 0 or seen == REFUSED_RESULT
            op.slot = op.before = ABSENT
            op.due = NEVER
            if self.native:
                self.operands(op, name, value[position], seen)
            else:
                op.f, op.b = TABULATED, 0
                call[0], call[1], call[2] = f[position], value[position], seen
                call[3] = ABSENT if by_key else key[position]
                call[4] = process[position] if self.sees_process else ABSENT
                call[5] = revision[complete] if self.sees_revision and seen != UNSEEN_RESULT else ABSENT
                op.a = self.class_of(call, op.pure)
            if seen == REFUSED_RESULT or (ended == TYPE_OK and name.flags & IS_OBSERVATION):
                op.before = 1  # until the layout counts it and puts the slot's holder here
        return 0

    cdef int operands(self, Op *op, Name *name, int32_t argument, int32_t seen) except -1:
        """What a step known by heart looks at; of a cas only the whole argument, see `take_apart`."""
        op.f, op.b = name.code, ABSENT
        op.a = seen if name.code == READ else argument
        if name.code == CAS:
            if self.old_of == NULL:
                self.allow_cas()
            if self.old_of[argument] == ABSENT:
                both = self.values[argument]
                if type(both) is not tuple or len(both) != 2:
                    raise NotByHeart
                self.old_of[argument] = <int32_t>len(self.pairs)
                self.pairs.append(argument)
                self.parts.append(both[0])
                self.parts.append(both[1])
            if seen == REFUSED_RESULT:
                op.f = REFUSED
        elif name.code != READ and name.code != WRITE:
            raise NotByHeart
        return 0

    cdef int allow_cas(self) except -1:
        cdef size_t values = len(self.values) + 1
        self.pairs, self.parts = [], []
        self.old_of = <int32_t *>malloc(values * sizeof(int32_t))
        if self.old_of == NULL:
            raise MemoryError
        memset(self.old_of, 0xff, values * sizeof(int32_t))
        return 0

    cdef int take_apart(self) except -1:
        """Put the ids of both parts into each cas; they are in the pool since the whole is."""
        cdef list ids = self.pool.ids(self.parts)
        cdef Py_ssize_t number
        cdef int32_t pair
        cdef Op *op
        for number in range(self.kept):
            op = &self.raw[number]
            if op.f == CAS or op.f == REFUSED:
                pair = self.old_of[op.a]
                op.a, op.b = ids[2 * pair], ids[2 * pair + 1]
        return 0

    cdef int32_t class_of(self, const int64_t *wanted, bint pure) except -1:
        """The number of a class of calls, a new one if it was never seen."""
        cdef uint64_t at = self.class_place(wanted)
        cdef int32_t number
        cdef int part
        cdef int64_t *name
        while self.class_at[at] >= 0:
            name = &self.name_of[CLASS_NAME * self.class_at[at]]
            for part in range(CLASS_NAME):
                if name[part] != wanted[part]:
                    break
            else:
                return self.class_at[at]
            at = (at + 1) & self.class_mask
        number = <int32_t>len(self.class_names)
        if <uint64_t>(number + 1) * 2 > self.class_mask:
            self.grow_classes(number)
            at = self.class_place(wanted)
            while self.class_at[at] >= 0:
                at = (at + 1) & self.class_mask
        self.class_at[at] = number
        for part in range(CLASS_NAME):
            self.name_of[CLASS_NAME * number + part] = wanted[part]
        self.class_names.append((wanted[0], wanted[1], wanted[2], wanted[3], wanted[4], wanted[5]))
        self.pure.append(pure)
        return number

    cdef inline uint64_t class_place(self, const int64_t *name) noexcept:
        cdef uint64_t hash = 0
        cdef int part
        for part in range(CLASS_NAME):
            hash = (hash ^ <uint64_t>name[part]) * <uint64_t>0x9E3779B97F4A7C15
            hash ^= hash >> 29
        return hash & self.class_mask

    cdef int grow_classes(self, int32_t count) except -1:
        cdef uint64_t places = (self.class_mask + 1) * 4, at
        cdef int32_t number
        cdef int32_t *class_at = <int32_t *>malloc(places * sizeof(int32_t))
        cdef int64_t *name_of = <int64_t *>realloc(self.name_of, places // 2 * CLASS_NAME * sizeof(int64_t))
        if name_of != NULL:
            self.name_of = name_of
        if class_at == NULL or name_of == NULL:
            free(class_at)
            raise MemoryError
        memset(class_at, 0xff, places * sizeof(int32_t))
        free(self.class_at)
        self.class_at, self.class_mask = class_at, places - 1
        for number in range(count):
            at = self.class_place(&name_of[CLASS_NAME * number])
            while class_at[at] >= 0:
                at = (at + 1) & self.class_mask
            class_at[at] = number
        return 0

    cdef Batch batch(self):
        """Operations and returns sorted by problem, each laid out."""
        cdef Batch out = Batch()
        cdef Py_ssize_t parts = len(self.keys), number, at
        cdef int64_t first = 0
        cdef int32_t part, place
        cdef Problem *problem
        out.allocate(self.kept, parts)
        for number in range(self.kept):
            out.problems[self.part[number]].n += 1
        for number in range(parts):
            problem = &out.problems[number]
            problem.first, problem.key, problem.verdict = first, self.keys[number], UNDECIDED
            first += problem.n
            problem.size, problem.n = problem.n, 0
        # `order` holds completions and `crashed` the returns until the layout has used them.
        for number in range(self.kept):
            problem = &out.problems[self.part[number]]
            at = problem.first + problem.n
            self.raw_at[number] = problem.n
            problem.n += 1
            out.ops[at] = self.raw[number]
            problem.observations += out.ops[at].before == 1
            out.order[at] = self.ret[number]
        for number in range(self.returns):
            part = self.part[self.returned[number]]
            problem = &out.problems[part]
            out.crashed[problem.first + problem.levels] = self.raw_at[self.returned[number]]
            problem.levels += 1
        for number in range(parts):
            problem = &out.problems[number]
            if self.native and problem.levels < problem.n:
                self.drop_unneeded(out, problem)
            self.lay_out(out, problem)
        out.native, out.classes, out.pure = self.native, self.class_names, self.pure
        return out

    cdef int drop_unneeded(self, Batch out, Problem *problem) except -1:
        """Leave out crashed writes and cas of a register whose value nobody can have observed.

        Let w be a crashed operation that leaves v, and let every read of v and every cas expecting v have returned
        before w was invoked (or there be none), and let no refusal be recorded. Take a legal order with w. What follows
        w directly is legal in state v and comes after w, so it is no observer of v; it is no observer of another value
        either, for that would be illegal; so it is a write, or w is last. A write is legal in every state, so the order
        without w is legal. Hence the history is linearizable with w if and only if it is without, and so is each of its
        prefixes. A cas that was left out observes nothing any more, so it is done again until nothing changes, or some
        rounds have passed: each round alone is sound.
        """
        cdef Op *ops = out.ops + problem.first
        cdef int32_t *ret = out.order + problem.first
        cdef int32_t *returns = out.crashed + problem.first
        cdef int32_t *moved = self.raw_at
        cdef int32_t n = problem.n, op, left, crashed, round
        cdef size_t values = len(self.values) + 1
        if self.last == NULL:
            self.last = <int32_t *>malloc(values * sizeof(int32_t))
            if self.last == NULL:
                raise MemoryError
            memset(self.last, 0xff, values * sizeof(int32_t))
        for op in range(n):
            if ops[op].f == REFUSED:
                return 0
        for round in range(8):
            for op in range(n):
                if ops[op].f != WRITE and ops[op].f != TABULATED and ret[op] > self.last[ops[op].a]:
                    self.last[ops[op].a] = ret[op]
            left = 0
            for op in range(n):
                if ops[op].crashed and ops[op].f != TABULATED:
                    if self.last[ops[op].a if ops[op].f == WRITE else ops[op].b] < ops[op].invoked:
                        ops[op].f = TABULATED  # the mark of what is left out
                        left += 1
            for op in range(n):
                self.last[ops[op].a] = ABSENT
            if left == 0:
                break
        left = 0
        for op in range(n):
            moved[op] = left
            if ops[op].f != TABULATED:
                ops[left], ret[left] = ops[op], ret[op]
                left += 1
        problem.n = left
        for op in range(problem.levels):
            returns[op] = moved[returns[op]]
        return 0

    cdef int lay_out(self, Batch out, Problem *problem) except -1:
        """Levels and slots, as `window.py` says."""
        cdef Op *ops = out.ops + problem.first
        cdef Level *levels = out.levels + problem.first
        cdef int32_t *ret = out.order + problem.first
        cdef int32_t *crashed = out.crashed + problem.first
        cdef int32_t *twin = out.twin + problem.first
        # Scratch: the last holder of each slot, and the free slots. Nobody needs these arrays any more.
        cdef int32_t *holder = self.raw_at
        cdef int32_t *unused = self.returned
        cdef int32_t n = problem.n, op = 0, k, slot, width = 0, spare = 0, lost = 0, owed, back
        for k in range(problem.levels):
            levels[k].owed = crashed[k]
        for k in range(problem.levels):
            owed = levels[k].owed
            while op < n and ops[op].invoked < ret[owed]:
                if ops[op].crashed:
                    ops[op].slot = lost
                    twin[lost] = ABSENT
                    for back in range(lost - 1, max(-1, lost - LOOK_BACK), -1):
                        if ops[crashed[back]].a == ops[op].a and ops[crashed[back]].b == ops[op].b and (
                                ops[crashed[back]].f == ops[op].f):
                            twin[lost] = back
                            break
                    crashed[lost] = op
                    lost += 1
                else:
                    if spare == 0:
                        unused[0] = width
                        holder[width] = ABSENT
                        spare, width = 1, width + 1
                    spare -= 1
                    slot = unused[spare]
                    ops[op].slot, ops[op].before = slot, holder[slot]
                    holder[slot] = op
                op += 1
            ops[owed].due = k
            levels[k].called, levels[k].crashed = op, lost
            unused[spare] = ops[owed].slot
            spare += 1
        problem.width, problem.crashed = width, lost
        return 0


def prepare(object history, list names, bint native, bint by_key, object initial, object is_refusal,
            tuple sees=(), object only=None):
    """All problems of a history.

    names: (id of the name, its code in the step known by heart, pure, observes, refusable) of each operation the model
    knows. native: whether to use those codes. initial: value id of the first state, if so. is_refusal: position of a
    completion → whether it is a refusal that the model observes. sees: `Model.sees`. only: keys (value ids), if not all.
    UnknownOperation, NotByHeart, TooWide, MemoryError.
    """
    cdef Preparation work = Preparation()
    cdef array.array types = history.type
    cdef Py_ssize_t number, events = len(types), invocations = 0
    cdef Batch out
    for number in range(events):
        invocations += types.data.as_schars[number] == TYPE_INVOKE
    work.pool, work.values, work.is_refusal, work.native = history.pool, history.pool.values, is_refusal, native
    if len(names) > NAMES_MAX:
        raise TooWide
    for number, (name, code, pure, observes, refusable) in enumerate(names):
        work.names[number].id, work.names[number].code = name, code
        work.names[number].flags = pure * IS_PURE | observes * IS_OBSERVATION | refusable * IS_REFUSABLE
    work.known = <int>len(names)
    work.sees_process, work.sees_revision = "process" in sees, "revision" in sees
    work.reserve(invocations, events)
    work.walk(history, by_key, only)
    if work.parts is not None:
        work.take_apart()
    out = work.batch()
    out.initial = initial
    return out
