"""Ownership of processes: one is known by more than its number."""

import os
import subprocess
import sys

from splitbrain.harness.environments.real.orphans import alive, owner


def test_an_owner_lives_as_long_as_its_process() -> None:
    mine = owner(os.getpid())
    assert alive(mine)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        other = owner(child.pid)
        assert alive(other) and other != mine
        child.communicate(b"\n")
    assert not alive(other)


def test_a_number_used_again_and_another_boot_are_not_taken_for_it() -> None:
    boot, namespace, pid, started = owner(os.getpid()).split()
    assert not alive(f"{boot} {namespace} {pid} {int(started) + 1}")
    assert not alive(f"{boot[::-1]} {namespace} {pid} {started}")
    assert not alive("")


def test_an_owner_that_cannot_be_seen_from_here_is_left_alone() -> None:
    boot, namespace, _, started = owner(os.getpid()).split()
    assert alive(f"{boot} {int(namespace) + 1} 1 {started}")
