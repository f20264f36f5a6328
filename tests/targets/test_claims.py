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


@pytest.mark.parametrize(
    ("isolation", "claims"),
    [
        ("read-uncommitted", ("read-uncommitted",)),
        ("read-committed", ("read-committed", "linearizable")),
        ("serializable", ("serializable", "linearizable")),
    ],
)
def test_mariadb_is_not_linearizable_where_a_read_sees_what_is_not_committed(
    isolation: str, claims: tuple[str, ...]
) -> None:
    assert registry.target(f"mariadb:isolation={isolation}").claims == claims


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("journal=wal,synchronous=full", True),
        ("journal=wal,synchronous=normal", False),
        ("journal=delete,synchronous=full", False),
        ("journal=delete,synchronous=extra", True),
    ],
)
def test_sqlite_claims_what_its_manual_says_of_a_power_loss(options: str, kept: bool) -> None:
    """FULL does not sync the folder of a journal that was removed, so that it may be there again and be rolled back."""
    assert ("strict-serializable" in registry.target(f"sqlite:{options}").claims) is kept
