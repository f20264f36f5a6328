"""Members: their command line, their logs, their hashes; and what the target says of wrong options."""

from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Container, External, Place, Process
from splitbrain.harness.environments.external import Existing
from splitbrain.harness.environments.real.unsupported import unsupported
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import ChangeMembers, Cut, Upgrade
from splitbrain.harness.logs import examine
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.targets.etcd import Etcd
from splitbrain.targets.etcd.audit import Hashed, compared
from splitbrain.targets.servers.server import ServerProgram

PROGRAM = ServerProgram("/e")


def etcd(**options: str) -> Etcd:
    return Etcd(settle(Etcd.options, options, "etcd"))


def test_a_member_knows_all_members_and_its_options() -> None:
    place = Place("n2", "198.18.0.12", Path("/d/n2"), {"n1": "198.18.0.11", "n2": "198.18.0.12"})
    words = etcd(snapshot_count="50", election_ms="500").command(place, PROGRAM, "3.5.17")
    assert words[0] == "/e"
    for word in (
        "--name=n2",
        "--data-dir=/d/n2/data",
        "--listen-client-urls=http://198.18.0.12:2379",
        "--initial-cluster=n1=http://198.18.0.11:2380,n2=http://198.18.0.12:2380",
        "--snapshot-count=50",
        "--election-timeout=500",
    ):
        assert word in words
    assert not any("corrupt" in word or "fsync" in word for word in words)
    assert "--unsafe-no-fsync=true" in etcd(fsync="off").command(place, PROGRAM, "3.5.17")
    assert not any("snapshot" in word for word in etcd().command(place, PROGRAM, "3.5.17"))


def test_a_newcomer_joins_those_who_are_there() -> None:
    members = {"n1": "198.18.0.11", "n2": "198.18.0.12", "n3": "198.18.0.13"}
    first = Place("n2", "198.18.0.12", Path("/d/n2"), members)
    assert "--initial-cluster-state=new" in etcd().command(first, PROGRAM, "3.5.17")
    words = etcd().command(
        replace(first, joins={"n1": "198.18.0.11", "n2": "198.18.0.12"}), ServerProgram("/e"), "3.5.17"
    )
    assert "--initial-cluster-state=existing" in words
    assert "--initial-cluster=n1=http://198.18.0.11:2380,n2=http://198.18.0.12:2380" in words
    assert "--strict-reconfig-check=false" in words
    assert "--strict-reconfig-check=true" in etcd(strict_reconfig_check="on").command(
        first, ServerProgram("/e"), "3.5.17"
    )


def test_an_upgrade_is_the_same_member_with_another_server() -> None:
    target = etcd(version="3.4.23", upgrade_to="3.5.1")
    processes, containers = (
        next(one for one in target.deployments if isinstance(one, k)) for k in (Process, Container)
    )
    assert processes.upgraded is not None and containers.upgraded is not None
    assert isinstance(containers, Container) and isinstance(containers.upgraded, Container)
    assert containers.image != containers.upgraded.image
    assert "3.4.23, to be upgraded to 3.5.1" in target.notices()[0]
    assert unsupported(Upgrade, processes) is None and unsupported(ChangeMembers, containers) is None


def test_what_cannot_be_reconfigured_is_refused_in_one_sentence() -> None:
    reason = unsupported(Upgrade, next(one for one in etcd().deployments if isinstance(one, Process)))
    assert reason is not None and "upgrade_to=VERSION" in reason
    (there,) = etcd(endpoints="http://a:2379").deployments
    for kind in (Upgrade, ChangeMembers):
        refused = Existing().unsupported(kind, there)
        assert refused is not None and "not in our hands" in refused.reason


def test_deployments_and_claims() -> None:
    own = etcd()
    assert isinstance(own.deployments[0], Process) and own.claims == ("linearizable", "CP")
    assert own.settings["version"] and str(own.settings["version"]) in own.notices()[0]
    assert etcd(reads="serializable").claims == etcd(fsync="off").claims == ()
    there = etcd(endpoints="http://a:2379+https://b:2379")
    assert there.deployments == (External(("http://a:2379", "https://b:2379")),)
    reason = Existing().unsupported(Cut, there.deployments[0])
    assert reason is not None and "not in our hands" in reason.reason


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endpoints": "a:2379"}, "http:// or https://"),
        ({"user": "root", "password_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE"),
        ({"lock_ttl_seconds": "0"}, "at least 1"),
        ({"version": "9.9.9"}, "a release"),
        ({"upgrade_to": "newest"}, "upgrade_to is a release from"),
        ({"version": "3.5.17", "upgrade_to": "3.5.1"}, "a release after 3.5.17, as etcd does not go back"),
        ({"version": "3.4.23", "upgrade_to": "3.6.5"}, "one minor version on from 3.4.23"),
        ({"endpoints": "http://a:2379", "upgrade_to": "3.5.17"}, "nodes of our own"),
        ({"endpoints": "http://root:hush@a:2379"}, "no user or password in a URL"),
    ],
)
def test_wrong_options_are_said_at_once(options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        etcd(**options)


def test_passwords_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_HERE", "hush")
    target = etcd(endpoints="http://a:1", user="root", password_env="SECRET_HERE")
    assert "hush" not in str(target.settings)


def test_members_that_differ_are_invalid_and_only_what_is_alike_is_compared() -> None:
    same = {"n1": Hashed(5, 1), "n2": Hashed(5, 1)}
    assert compared(same, 9).value is Validity.VALID
    differ = compared({**same, "n3": Hashed(6, 1)}, 9)
    assert differ.value is Validity.INVALID and differ.witness is not None
    assert differ.reason == "members hold different data at revision 9: n1, n2 (00000005) and n3 (00000006)"
    assert compared({**same, "n3": Hashed(6, 2)}, 9).value is Validity.UNKNOWN


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('{"level":"info","msg":"starting with --experimental-corrupt-check-time=5s"}', Validity.VALID),
        ('{"level":"warn","msg":"apply request took too long","error":"context canceled"}', Validity.VALID),
        ("panic: tocommit(3) is out of range [lastIndex(2)]. Was the raft log corrupted?", Validity.UNKNOWN),
        ('{"level":"panic","msg":"failed to recover v3 backend from snapshot"}', Validity.UNKNOWN),
        ("WARNING: DATA RACE", Validity.UNKNOWN),
        ('{"level":"warn","msg":"found different hash values from remote peer"}', Validity.INVALID),
        ('{"level":"fatal","msg":"checkInitialHashKV failed","error":"…"}', Validity.INVALID),
    ],
)
def test_logs_tell_corruption_from_crashes_from_talk(tmp_path: Path, line: str, value: Validity) -> None:
    (tmp_path / "n1.log").write_text("--- starting\n")
    (tmp_path / "n2.log").write_text(f"calm\n{line}\n")
    verdict = examine(tmp_path, Etcd.log_patterns)
    assert verdict is not None and verdict.value is value
    if value is not Validity.VALID:
        assert "n2" in verdict.reason and "n2.log:2" in verdict.reason


def test_no_logs_no_verdict(tmp_path: Path) -> None:
    assert examine(tmp_path, Etcd.log_patterns) is None
