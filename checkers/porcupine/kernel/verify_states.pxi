# The states of a verification: of any model, asked of Python, and of a register of text. Included by verify.pyx, for
# its imports and constants.

cdef class _States:
    """The states of a model met on the way, by number, and what it answered when it was asked; kept by the model for the
    next order, which may be of another history, as long as that is not much. The search has its own."""

    cdef list states
    cdef dict numbers, names, transitions
    cdef object pool, model, history, spending
    cdef int32_t *meant
    cdef Py_ssize_t asked, room
    cdef int32_t first

    def __init__(self, model):
        self.model, self.pool = model, Interner()
        self.states, self.numbers, self.names, self.transitions = [], {}, {}, {}
        self.first = self.number(model.initial)

    def __dealloc__(self):
        free(self.meant)

    cdef int begin(self, object history, object spending) except -1:
        """Begin with an order of this history."""
        cdef size_t n = len(history.pool.values)
        self.history, self.spending = history, spending
        if n > <size_t>self.room:
            free(self.meant)
            self.meant = <int32_t *>malloc(2 * n * sizeof(int32_t))
            self.room = 0 if self.meant == NULL else <Py_ssize_t>(2 * n)
            if self.meant == NULL:
                raise MemoryError
        memset(self.meant, 0xff, n * sizeof(int32_t))
        return 0

    cdef int end(self) except -1:
        """Let go of the history."""
        self.history = self.spending = None
        if len(self.states) < KEPT and len(self.transitions) < KEPT and self.room < KEPT * 16:
            self.model.remembered[KEPT_AS] = self
        return 0

    cdef int32_t number(self, object state) except -2:
        cdef tuple name
        try:
            name = (type(state), self.pool.id(state))
        except Exception as error:
            raise unkept(self.model, error) from error
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = len(self.states)
            self.states.append(state)
        return found

    cdef inline int32_t value(self, list pool, int32_t value) except -1:
        """The number of a value of the history here."""
        if self.meant[value] < 0:
            self.meant[value] = self.pool.id(pool[value])
        return self.meant[value]

    cdef int32_t after(self, int32_t state, Py_ssize_t position, tuple name) except -2:
        """The state after the call invoked at a position, which has this name; NO_STATE if it is illegal."""
        call = self.names.get(name)
        if call is None:
            call = self.names[name] = len(self.names)
        found = self.transitions.get((<int64_t>state << 32) | <int64_t>call)
        if found is None:
            self.asked += 1
            if self.asked % LOOK_EVERY == 0 and self.spending.exhausted():
                return NO_STATE
            following = self.model.step(self.states[state], call_at(self.model, self.history, position))
            found = NO_STATE if following is ILLEGAL else self.number(following)
            self.transitions[(<int64_t>state << 32) | <int64_t>call] = found
        return found


cdef struct Held:
    char *at
    Py_ssize_t length, room


cdef class _Strings:
    """The text that each key holds, by number."""

    cdef Held *held
    cdef int32_t count, room

    def __dealloc__(self):
        cdef int32_t number
        for number in range(self.count):
            free(self.held[number].at)
        free(self.held)

    cdef int32_t number(self) except -1:
        """One more, which holds nothing."""
        cdef Held *held
        if self.count == self.room:
            held = <Held *>realloc(self.held, (2 * <size_t>self.room + 16) * sizeof(Held))
            if held == NULL:
                raise MemoryError
            self.held, self.room = held, 2 * self.room + 16
        memset(&self.held[self.count], 0, sizeof(Held))
        self.count += 1
        return self.count - 1

    cdef bint is_(self, int32_t number, object value) except -1:
        """Whether this is what it holds; False if it is no text."""
        cdef Py_ssize_t length
        cdef const char *text
        if not PyUnicode_CheckExact(value):
            return False
        text = PyUnicode_AsUTF8AndSize(value, &length)
        return length == self.held[number].length and memcmp(text, self.held[number].at, <size_t>length) == 0

    cdef bint add(self, int32_t number, object value, bint behind) except -1:
        """Let it hold this, behind what it holds or instead; False if it is no text."""
        cdef Held *held = &self.held[number]
        cdef Py_ssize_t length, before = held.length if behind else 0
        cdef const char *text
        cdef char *at
        if not PyUnicode_CheckExact(value):
            return False
        text = PyUnicode_AsUTF8AndSize(value, &length)
        if before + length > held.room or held.at == NULL:
            at = <char *>realloc(held.at, 2 * <size_t>(before + length) + 64)
            if at == NULL:
                raise MemoryError
            held.at, held.room = at, 2 * (before + length) + 64
        memcpy(held.at + before, text, <size_t>length)
        held.length = before + length
        return True

    cdef bint takes(self, int32_t number, int code, int8_t ended, object argument, object seen) except -1:
        """Whether an operation is legal, which then takes effect."""
        try:
            if code == READ:
                return ended == OK and self.is_(number, seen)
            if code != CAS:
                return self.add(number, argument, code == APPEND)
            if type(argument) is not tuple or len(<tuple>argument) != 2 or not PyUnicode_CheckExact(argument[0]):
                return False
            if ended == FAIL:
                return not self.is_(number, argument[0])
            return self.is_(number, argument[0]) and self.add(number, argument[1], False)
        except UnicodeEncodeError:  # what has no UTF-8 is not looked at here
            return False
