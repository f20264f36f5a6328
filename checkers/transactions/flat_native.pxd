from libc.stdint cimport int32_t

from splitbrain.harness.micro_operations_native cimport MicroOperations


cdef class FlatTransactions:
    cdef readonly list atoms
    cdef readonly Py_ssize_t count
    cdef MicroOperations steps
    cdef int32_t *value
    cdef char *answered
    cdef int32_t word, read_word, none
