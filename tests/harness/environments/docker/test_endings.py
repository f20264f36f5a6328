"""The end of a container in words."""

import pytest

from splitbrain.harness.environments.docker.node import _ending


@pytest.mark.parametrize(
    ("code", "out_of_memory", "memory_mb", "words", "crash"),
    [
        (0, False, 0, "exited with code 0", False),
        (3, False, 64, "exited with code 3", False),
        (137, False, 0, "was killed by SIGKILL", True),
        (137, True, 64, "ran out of memory and was killed", True),
        (137, False, 64, "was killed by SIGKILL, perhaps as it took more than its 64 MB of memory", True),
        (139, False, 64, "was killed by SIGSEGV", True),
    ],
)
def test_it_tells_what_is_known(code: int, out_of_memory: bool, memory_mb: int, words: str, crash: bool) -> None:
    end = _ending(code, out_of_memory, memory_mb)
    assert (end.words, end.crash) == (words, crash)
