# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Batch of problems and their results, of one history or many, in flat arrays.

Pitfall: positions, keys and values are numbered in each history by itself, so of a batch of many histories they mean
something only together with the history that the problem is of.
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset


class TooWide(Exception):
    """Refusal of a problem: more operations open at once, or crashed, or names in a model, than the widest sets hold."""


cdef class Batch:
    """Problems in order of their first invocation, history by history, and the answers found so far.

    count: how many problems. operations: of all of them together. histories: of how many. held: bytes. native: whether
    the step is known by builtin; then states are value ids of the history, else numbers of the transitions.
    """

    def __dealloc__(self):
        free(self.ops)
        free(self.levels)
        free(self.crashed)
        free(self.twin)
        free(self.order)
        free(self.problems)
        free(self.begins)

    cdef int reserve(self, Py_ssize_t operations, Py_ssize_t problems) except -1:
        """Room for so many more operations and problems, and one more history."""
        cdef size_t n = <size_t>(self.operations + operations), rooms = <size_t>(self.count + problems)
        if self.ops == NULL or n > <size_t>self.room:
            n = max(n, 2 * <size_t>self.room) + 1
            self.ops = <Op *>larger(self.ops, n * sizeof(Op))
            self.levels = <Level *>larger(self.levels, n * sizeof(Level))
            self.crashed = <int32_t *>larger(self.crashed, n * sizeof(int32_t))
            self.twin = <int32_t *>larger(self.twin, n * sizeof(int32_t))
            self.order = <int32_t *>larger(self.order, n * sizeof(int32_t))
            self.room = <Py_ssize_t>n
        if self.problems == NULL or rooms > <size_t>self.rooms:
            rooms = max(rooms, 2 * <size_t>self.rooms) + 1
            self.problems = <Problem *>larger(self.problems, rooms * sizeof(Problem))
            self.rooms = <Py_ssize_t>rooms
        memset(self.problems + self.count, 0, <size_t>problems * sizeof(Problem))
        if self.histories % 1024 == 0:
            self.begins = <int32_t *>larger(self.begins, <size_t>(self.histories + 1025) * sizeof(int32_t))
        self.held = (
            <size_t>self.room * (sizeof(Op) + sizeof(Level) + 3 * sizeof(int32_t)) + <size_t>self.rooms * sizeof(Problem)
        )
        return 0

    def __len__(self):
        return self.count

    def clear(self):
        """Forget all problems, and keep the memory."""
        self.count = self.operations = self.histories = 0

    def of_history(self, Py_ssize_t number):
        """The problems of a history."""
        cdef Py_ssize_t end = self.begins[number + 1] if number + 1 < self.histories else self.count
        return range(self.begins[number], end)

    def outcome(self, Py_ssize_t number):
        """The outcome of a history after a search: 1 if all its problems are valid and something was observed, 0 if
        one is invalid, else -1."""
        cdef Py_ssize_t at, end = self.begins[number + 1] if number + 1 < self.histories else self.count
        cdef bint observed = False, known = True
        for at in range(self.begins[number], end):
            if self.problems[at].verdict == INVALID:
                return 0
            known = known and self.problems[at].verdict == VALID
            observed = observed or self.problems[at].observations > 0
        return 1 if known and observed else -1

    def key(self, Py_ssize_t number):
        """The value id of the key of a problem, or ABSENT."""
        return self.problems[number].key

    def size(self, Py_ssize_t number):
        """The number of its operations, those included that were found not to be needed."""
        return self.problems[number].size

    def widest(self, Py_ssize_t number):
        """The number of slots that a set needs: for operations open at once, or crashed."""
        return max(self.problems[number].width, self.problems[number].crashed)

    def check_width(self, int32_t most):
        """TooWide if a problem needs more slots."""
        cdef Py_ssize_t number
        for number in range(self.count):
            if self.problems[number].width > most or self.problems[number].crashed > most:
                raise TooWide

    def observations(self, Py_ssize_t number):
        """The number of operations that could have refuted the model."""
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
        """The number of configurations entered in all searches of this problem."""
        return self.problems[number].configurations

    def order_of(self, Py_ssize_t number, Py_ssize_t last=NEVER):
        """The order found, or the longest one: positions of invocations. last: so many at its end, if not all."""
        cdef Problem *problem = &self.problems[number]
        cdef Py_ssize_t place
        return tuple([self.ops[problem.first + self.order[problem.first + place]].invoked
                      for place in range(max(0, problem.placed - last), problem.placed)])

    def placed(self, Py_ssize_t number):
        """The length of that order."""
        return self.problems[number].placed

    def blocked(self, Py_ssize_t number):
        """The invocation of the operation that was owed when nothing was left to try."""
        cdef Problem *problem = &self.problems[number]
        return self.ops[problem.first + problem.blocked].invoked

    def states(self, Py_ssize_t number):
        """States in which it was owed, at most STATES_KEPT of them: value ids, or numbers of the transitions."""
        cdef Problem *problem = &self.problems[number]
        cdef Py_ssize_t place
        return [problem.state[place] for place in range(problem.states)]


cdef void *larger(void *at, size_t bytes) except NULL:
    """The same memory, with more room behind it. Pitfall: realloc to nothing frees, and answers NULL."""
    cdef void *found = realloc(at, bytes if bytes > 0 else 1)
    if found == NULL:
        raise MemoryError
    return found
