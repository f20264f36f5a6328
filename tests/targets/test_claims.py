"""Claims that depend on options: nothing is claimed that the documentation takes back for these settings."""

import pytest

from splitbrain import registry


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ("", ("repeatable-read",)),
        ("sync_wait=1", ("repeatable-read",)),
        ("sync_wait=7", ("repeatable-read", "linearizable", "CP")),
        ("sync_wait=7,isolation=serializable", ("repeatable-read", "linearizable", "CP")),
        ("sync_wait=7,isolation=read-uncommitted", ("read-uncommitted",)),
        ("sync_wait=7,flush=2", ()),
    ],
)
def test_galera_is_linearizable_where_changes_wait_as_well_as_reads(options: str, claims: tuple[str, ...]) -> None:
    """A write of what a node behind has already changes nothing there, so nothing is certified."""
    assert registry.target(f"galera:{options}" if options else "galera").claims == claims
