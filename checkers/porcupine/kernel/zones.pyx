# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Monitor of registers with unique writes, by zones (see `monitors/zones.py`), from the columns, all keys at once.

The compiled twin of `porcupine/fast/zones.py`, which has the proof. Positions of events are small integers, so nothing
is sorted: a cluster waits at the position where its zone begins, and one sweep over all positions meets forward zones by
their first return and backward ones by their last invocation. A backward cluster inside a forward zone is put behind it
by that alone, for the whole forward cluster was put down when its zone began. O(n).

Pitfall: all keys or none. If one does not qualify, the search gets them all.
"""

from cpython cimport array
from libc.stdint cimport int8_t, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

cdef enum:
    TYPE_INVOKE = 0
    TYPE_OK = 1
    TYPE_FAIL = 2
    TYPE_INFO = 3
    NOBODY = -1
    NEVER = 0x7fffffff

cdef enum:
    PLACES = 256    # for the first writes; as many as eight bits count

cdef struct Cluster:
    int32_t key, value      # number of the key, value id
    int32_t write           # event of its invocation, or NOBODY
    int32_t first, last     # first return, last invocation
    int32_t early, late     # invocations of the operations that these are of
    int32_t reads, begin    # how many, and where they begin among all reads
    int8_t initial

cdef struct Seen:
    int32_t invoked, returned, cluster
    int8_t write


cdef class _ZoneColumns:
    """Scratch memory of one call."""

    cdef Cluster *clusters
    cdef Seen *seen
    cdef int32_t *slots
    cdef int32_t *number_of
    cdef int32_t *at
    cdef int32_t *readers
    cdef uint32_t mask
    cdef int32_t count
    cdef Py_ssize_t kept
    cdef list keys, sizes, observations
    cdef int32_t initial

    def __dealloc__(self):
        free(self.clusters)
        free(self.seen)
        free(self.slots)
        free(self.number_of)
        free(self.at)
        free(self.readers)

    cdef int reserve(self, Py_ssize_t operations, Py_ssize_t events, Py_ssize_t values) except -1:
        cdef size_t n = <size_t>operations + 1, slots = 16
        while slots < 4 * n:
            slots *= 2
        self.mask = <uint32_t>(slots - 1)
        self.clusters = <Cluster *>malloc(2 * n * sizeof(Cluster))
        self.seen = <Seen *>malloc(n * sizeof(Seen))
        self.slots = <int32_t *>malloc(slots * sizeof(int32_t))
        self.number_of = <int32_t *>malloc((<size_t>values + 2) * sizeof(int32_t))
        self.at = <int32_t *>malloc((<size_t>events + 1) * sizeof(int32_t))
        self.readers = <int32_t *>malloc(n * sizeof(int32_t))
        if (self.clusters == NULL or self.seen == NULL or self.slots == NULL or self.number_of == NULL
                or self.at == NULL or self.readers == NULL):
            raise MemoryError
        memset(self.slots, 0xff, slots * sizeof(int32_t))
        memset(self.number_of, 0xff, (<size_t>values + 2) * sizeof(int32_t))
        memset(self.at, 0xff, (<size_t>events + 1) * sizeof(int32_t))
        self.keys, self.sizes, self.observations = [], [], []
        return 0

    cdef int32_t cluster(self, int32_t key, int32_t value) noexcept:
        """The cluster of a value under a key, an empty one if it is new. Values that follow each other lie side by
        side, as they mostly come that way."""
        cdef uint32_t slot = (<uint32_t>value + <uint32_t>key * <uint32_t>0x9E3779B1) & self.mask
        cdef int32_t found
        cdef Cluster *cluster
        while True:
            found = self.slots[slot]
            if found < 0:
                break
            if self.clusters[found].value == value and self.clusters[found].key == key:
                return found
            slot = (slot + 1) & self.mask
        found = self.slots[slot] = self.count
        self.count += 1
        cluster = &self.clusters[found]
        cluster.key, cluster.value, cluster.write = key, value, NOBODY
        cluster.first, cluster.last = NEVER, -2
        cluster.early = cluster.late = NOBODY
        cluster.reads = cluster.begin = cluster.initial = 0
        return found

    cdef int walk(self, object history, int32_t read, int32_t write, bint by_key) except -1:
        """Keep what may have happened, each with its cluster: 1, or 0 if something is neither a read nor a write."""
        cdef array.array types = history.type, processes = history.process, fs = history.f, keys = history.key
        cdef array.array values = history.value, partners = history.partner
        cdef int8_t *kind = <int8_t *>types.data.as_schars
        cdef int64_t *process = <int64_t *>processes.data.as_longlongs
        cdef int64_t *partner = <int64_t *>partners.data.as_longlongs
        cdef int32_t *f = <int32_t *>fs.data.as_ints
        cdef int32_t *key = <int32_t *>keys.data.as_ints
        cdef int32_t *value = <int32_t *>values.data.as_ints
        cdef Py_ssize_t position, events = len(types)
        cdef int32_t part, number = -1, latest = -2, size = 0, observed = 0
        cdef int64_t complete
        cdef int8_t ended
        cdef Seen *seen
        for position in range(events):
            if process[position] < 0 or kind[position] != TYPE_INVOKE:
                continue
            if f[position] != read and f[position] != write:
                return 0
            complete = partner[position]
            ended = TYPE_INFO if complete < 0 else kind[complete]
            if ended == TYPE_FAIL or (ended == TYPE_INFO and f[position] == read):
                continue
            part = key[position] if by_key else -1
            if part != latest:
                if number >= 0:
                    self.sizes[number] += size
                    self.observations[number] += observed
                size = observed = 0
                latest = part
                number = self.number_of[part + 1]
                if number < 0:
                    number = self.number_of[part + 1] = <int32_t>len(self.keys)
                    self.keys.append(part)
                    self.sizes.append(0)
                    self.observations.append(0)
                    self.clusters[self.cluster(number, self.initial)].initial = 1
            size += 1
            seen = &self.seen[self.kept]
            self.kept += 1
            seen.invoked = <int32_t>position
            seen.write = f[position] == write
            seen.returned = NEVER if ended == TYPE_INFO else <int32_t>complete
            seen.cluster = self.cluster(number, value[position if seen.write else complete])
            if not seen.write:
                observed += 1
                self.clusters[seen.cluster].reads += 1
        if number >= 0:
            self.sizes[number] += size
            self.observations[number] += observed
        return 1

    cdef int gather(self) except -1:
        """Writes into their clusters, then reads: 1, or 0 if two writes that count are of one value."""
        cdef Py_ssize_t place
        cdef int32_t begin = 0
        cdef Cluster *cluster
        cdef Seen *seen
        for place in range(self.kept):
            seen = &self.seen[place]
            cluster = &self.clusters[seen.cluster]
            if not seen.write or (seen.returned == NEVER and not cluster.reads):
                continue
            if cluster.initial or cluster.write != NOBODY:
                return 0
            cluster.write = cluster.early = cluster.late = seen.invoked
            cluster.first, cluster.last = seen.returned, seen.invoked
        for place in range(self.count):
            cluster = &self.clusters[place]
            cluster.begin = begin
            begin += cluster.reads
            cluster.reads = 0
            if cluster.initial:
                cluster.first = -1
        for place in range(self.kept):
            seen = &self.seen[place]
            if seen.write:
                continue
            cluster = &self.clusters[seen.cluster]
            self.readers[cluster.begin + cluster.reads] = seen.invoked
            cluster.reads += 1
            if seen.returned < cluster.first:
                cluster.first, cluster.early = seen.returned, seen.invoked
            if seen.invoked > cluster.last:
                cluster.last, cluster.late = seen.invoked, seen.invoked
        return 1

    cdef tuple refuted(self, Cluster *one, Cluster *other):
        """The operations that two zones begin and end with, and their writes."""
        found = {one.write, one.early, one.late}
        if other != NULL:
            found |= {other.write, other.early, other.late}
        return tuple(sorted(found - {NOBODY}))

    cdef list sweep(self, Py_ssize_t events):
        """The order of each key, or None and a core."""
        cdef Py_ssize_t keys = len(self.keys), position, place
        cdef int32_t number, found
        cdef int32_t *holder
        cdef Cluster *cluster
        cdef Cluster *held
        cdef list orders = [[] for _ in range(keys)], cores = [None] * keys, order
        holder = <int32_t *>malloc((<size_t>keys + 1) * sizeof(int32_t))
        if holder == NULL:
            raise MemoryError
        memset(holder, 0xff, (<size_t>keys + 1) * sizeof(int32_t))
        for place in range(self.count):
            cluster = &self.clusters[place]
            number = cluster.key
            if cluster.initial:
                holder[number] = <int32_t>place
                order = orders[number]
                for position in range(cluster.begin, cluster.begin + cluster.reads):
                    order.append(self.readers[position])
            elif cluster.write == NOBODY:
                if cluster.reads and cores[number] is None:
                    cores[number] = (self.readers[cluster.begin],)
            elif cluster.first < cluster.write:
                if cores[number] is None:
                    cores[number] = self.refuted(cluster, NULL)
            else:
                self.at[cluster.first if cluster.first < cluster.last else cluster.last] = <int32_t>place
        for position in range(events):
            found = self.at[position]
            if found < 0:
                continue
            cluster = &self.clusters[found]
            number = cluster.key
            if cores[number] is not None:
                continue
            held = &self.clusters[holder[number]]
            if held.last > position and (cluster.first == position or held.last > cluster.first):
                cores[number] = self.refuted(cluster, held)
                continue
            if cluster.first == position:
                holder[number] = found
            order = orders[number]
            order.append(cluster.write)
            for place in range(cluster.begin, cluster.begin + cluster.reads):
                order.append(self.readers[place])
        free(holder)
        return [(self.keys[place], self.sizes[place], self.observations[place],
                 tuple(orders[place]) if cores[place] is None else None, cores[place] or ()) for place in range(keys)]


def decide(object history, int32_t read, int32_t write, bint by_key, int32_t initial):
    """The results by key, in order of its first operation: (value id of the key or ABSENT, operations, observations, the
    order found or None, the core if there is none), orders and cores as positions of invocations. None if some key does
    not qualify.

    read, write: the value ids of these names, ABSENT for one that does not occur; initial: that of the first value.
    """
    cdef _ZoneColumns columns = _ZoneColumns()
    cdef Py_ssize_t events = len(history.type)
    if events >= NEVER - 1 or not may_qualify(history, read, write, by_key):
        return None
    columns.initial = initial
    columns.reserve(begun(history.type), events, len(history.pool.values))
    if not columns.walk(history, read, write, by_key) or not columns.gather():
        return None
    return columns.sweep(events)


cdef bint may_qualify(object history, int32_t read, int32_t write, bint by_key) except -1:
    """Whether the first operations are reads and writes, and no two writes of one value were acknowledged: most
    histories that do not qualify are told by that."""
    cdef array.array types = history.type, processes = history.process, fs = history.f, keys = history.key
    cdef array.array values = history.value, partners = history.partner
    cdef int8_t *kind = <int8_t *>types.data.as_schars
    cdef int64_t *process = <int64_t *>processes.data.as_longlongs
    cdef int64_t *partner = <int64_t *>partners.data.as_longlongs
    cdef int32_t *f = <int32_t *>fs.data.as_ints
    cdef int32_t *key = <int32_t *>keys.data.as_ints
    cdef int32_t *value = <int32_t *>values.data.as_ints
    cdef Py_ssize_t position
    cdef uint64_t seen[PLACES]
    cdef uint64_t name
    cdef uint32_t place
    cdef int count = 0
    memset(seen, 0, sizeof(seen))
    for position in range(len(types)):
        if kind[position] != TYPE_INVOKE or process[position] < 0:
            continue
        if f[position] == read:
            continue
        if f[position] != write:
            return False
        if partner[position] < 0 or kind[partner[position]] != TYPE_OK:
            continue
        name = ((<uint64_t>(key[position] + 1 if by_key else 0) << 32) | <uint32_t>value[position]) + 1
        place = <uint32_t>((name * <uint64_t>0x9E3779B97F4A7C15) >> 56)
        while seen[place] != 0 and seen[place] != name:
            place = (place + 1) % PLACES
        if seen[place] == name:
            return False
        seen[place] = name
        count += 1
        if count == PLACES // 2:
            break
    return True


cdef Py_ssize_t begun(array.array types) noexcept:
    """The number of invocations."""
    cdef int8_t *kind = <int8_t *>types.data.as_schars
    cdef Py_ssize_t position, count = 0
    for position in range(len(types)):
        count += kind[position] == TYPE_INVOKE
    return count
