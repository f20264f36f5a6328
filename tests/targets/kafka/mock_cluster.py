"""The cluster that librdkafka plays, with the parts that its Python module does not show: errors on demand, requests.

Functions of the library's `rdkafka_mock.h` are called through ctypes, in the copy that the Python module has loaded.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PRODUCE, END_TRANSACTION = 0, 26
HANDLE, NUMBER, SIZE = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_conf_new": (HANDLE, []),
    "rd_kafka_new": (HANDLE, [NUMBER, HANDLE, ctypes.c_char_p, SIZE]),
    "rd_kafka_destroy": (None, [HANDLE]),
    "rd_kafka_mock_cluster_new": (HANDLE, [HANDLE, NUMBER]),
    "rd_kafka_mock_cluster_destroy": (None, [HANDLE]),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, [HANDLE]),
    "rd_kafka_mock_push_request_errors_array": (None, [HANDLE, ctypes.c_int16, SIZE, ctypes.POINTER(NUMBER)]),
    "rd_kafka_mock_partition_set_leader": (NUMBER, [HANDLE, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32]),
    "rd_kafka_mock_topic_set_error": (None, [HANDLE, ctypes.c_char_p, NUMBER]),
    "rd_kafka_mock_start_request_tracking": (None, [HANDLE]),
    "rd_kafka_mock_get_requests": (ctypes.POINTER(HANDLE), [HANDLE, ctypes.POINTER(SIZE)]),
    "rd_kafka_mock_request_destroy_array": (None, [ctypes.POINTER(HANDLE), SIZE]),
    "rd_kafka_mock_request_api_key": (ctypes.c_int16, [HANDLE]),
}


class MockCluster:
    """A cluster of brokers that are played in this process."""

    def __init__(self, library: Any, handle: int) -> None:
        self._library, self._handle = library, handle
        library.rd_kafka_mock_start_request_tracking(handle)

    @property
    def urls(self) -> Sequence[str]:
        """The URLs of the brokers, by number."""
        told: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._handle)
        return [f"kafka://{address}" for address in told.decode().split(",")]

    def fail(self, request: int, *errors: int) -> None:
        """Answer the next requests of a kind with errors."""
        array = (NUMBER * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._handle, request, len(errors), array)

    def lead(self, log: str, broker: int) -> None:
        """Make a broker the leader of a log."""
        self._library.rd_kafka_mock_partition_set_leader(self._handle, log.encode(), 0, broker)

    def hide(self, log: str, error: int) -> None:
        """Answer questions about a log with an error."""
        self._library.rd_kafka_mock_topic_set_error(self._handle, log.encode(), error)

    def requests(self, kind: int) -> int:
        """The number of requests of a kind so far."""
        number = SIZE()
        found = self._library.rd_kafka_mock_get_requests(self._handle, ctypes.byref(number))
        kinds = [self._library.rd_kafka_mock_request_api_key(found[i]) for i in range(number.value)]
        self._library.rd_kafka_mock_request_destroy_array(found, number.value)
        return kinds.count(kind)


@contextmanager
def mock_cluster(brokers: int) -> Iterator[MockCluster]:
    """A cluster of so many brokers; FileNotFoundError where the driver has no library of its own."""
    library = loaded()
    words = ctypes.create_string_buffer(512)
    owner = library.rd_kafka_new(0, library.rd_kafka_conf_new(), words, len(words))
    handle = library.rd_kafka_mock_cluster_new(owner, brokers)
    try:
        yield MockCluster(library, handle)
    finally:
        library.rd_kafka_mock_cluster_destroy(handle)
        library.rd_kafka_destroy(owner)


def loaded() -> Any:
    """The library of the driver."""
    import confluent_kafka

    folder = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs")
    found = sorted(folder.glob("librdkafka*"))
    if not found:
        raise FileNotFoundError(f"no librdkafka in {folder}")
    library = ctypes.CDLL(str(found[0]))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
