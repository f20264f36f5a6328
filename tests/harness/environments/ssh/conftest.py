"""Machines that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from .machines import Machines, machines

SECONDS = 400
"""Seconds for a test: the first that needs machines may have to make their image."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "five" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Five machines."""
    with machines(5, tmp_path_factory.mktemp("machines")) as made:
        yield made
