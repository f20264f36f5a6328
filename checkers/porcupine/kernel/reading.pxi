# Reading of the histories of a model: which operations it knows, and which of them the step known by builtin covers.
#
# Included by build_problem. Needs its enumerations and TooWide.


class NotBuiltin(Exception):
    """Refusal of a history with something that the step known built in does not cover: `step` of Python must be asked."""


class UnknownOperation(Exception):
    """Refusal of a history in which a client did something that the model does not know."""


cdef class ModelReading:
    """The way to read the histories of a model.

    names: (name, its code in the step known by builtin, pure, observes, refusable) of each operation the model knows.
    native: whether to use those codes. initial: the first state, if so. sees: `Model.sees`. TooWide for too many names.
    """

    cdef list words
    cdef int8_t code[NAMES_MAX]
    cdef int8_t flags[NAMES_MAX]
    cdef int known
    cdef readonly bint native
    cdef bint by_key, sees_process, sees_revision, sees_token
    cdef object initial

    def __init__(self, names, bint native, bint by_key, initial, sees):
        if len(names) > NAMES_MAX:
            raise TooWide
        self.words, self.native, self.by_key, self.initial = [], native, by_key, initial
        self.sees_process, self.sees_revision, self.sees_token = "process" in sees, "revision" in sees, "token" in sees
        for number, (name, code, pure, observes, refusable) in enumerate(names):
            self.words.append(name)
            self.code[number] = code
            self.flags[number] = pure * IS_PURE | observes * IS_OBSERVATION | refusable * IS_REFUSABLE
        self.known = <int>len(names)
