"""The file of --hosts: what may stand in it, and one sentence for each mistake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from splitbrain.harness.environments.ssh.hosts import read
from splitbrain.harness.errors import UsageError

from .machines import new_key

PUBLIC = new_key().public
HOST = f'[[host]]\naddress = "198.18.0.11"\nhost_key = "{PUBLIC}"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key").write_bytes(new_key().private)
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "hosts.toml"
    file.write_text(text)
    return file


def test_settings_for_all_and_for_one(folder: Path) -> None:
    other = HOST.replace(".11", ".12") + 'name = "b"\nport = 2222\nuser = "you"\n'
    text = f'key = "key"\nuser = "me"\nsudo = true\n{HOST}{other}'
    one, two = read(written(folder, text))
    assert (one.address, one.port, one.user, one.sudo, str(one)) == ("198.18.0.11", 22, "me", True, "198.18.0.11")
    assert (two.port, two.user, str(two)) == (2222, "you", "b (198.18.0.12)")
    assert one.key == folder / "key" and one.host_keys == (PUBLIC,)
    assert [machine.address for machine in read(written(folder, text), 1)] == ["198.18.0.11"]


def test_a_known_host_needs_no_key_in_the_file(folder: Path) -> None:
    (folder / "known").write_text(f"198.18.0.11,here {PUBLIC}\n[198.18.0.12]:2222 {PUBLIC}\n")
    text = 'key = "key"\nknown_hosts = "known"\n[[host]]\naddress = "198.18.0.11"\n[[host]]\naddress = "198.18.0.12"\n'
    one, two = read(written(folder, text + "port = 2222\n"))
    assert one.host_keys == two.host_keys == (PUBLIC,)
    with pytest.raises(UsageError, match=r"host 2: the key of 198.18.0.12 port 22 is not known: give host_key"):
        read(written(folder, text))


def test_a_line_of_known_hosts_will_do_for_a_key(folder: Path) -> None:
    text = 'key = "key"\n' + HOST.replace(PUBLIC, f"198.18.0.11 {PUBLIC} somebody")
    assert read(written(folder, text))[0].host_keys == (PUBLIC,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "this is no TOML"),
        ('key = "key"\n', "expected a table"),
        (HOST, "host 1: key is missing"),
        ('key = "nowhere"\n' + HOST, "there is no key"),
        ('key = "hosts.toml"\n' + HOST, "is no private key"),
        ('key = "key"\n[[host]]\nhost_key = "x"\n', "host 1: address is missing"),
        ('key = "key"\n' + HOST.replace("198.18.0.11", "a.b"), "address is an IPv4 address"),
        ('key = "key"\n' + HOST.replace(PUBLIC, "secret"), "host_key is a line such as"),
        ('key = "key"\n' + HOST.replace(PUBLIC, "ssh-ed25519 AAAA"), "is no public key"),
        ('key = "key"\nport = "22"\n' + HOST, "port is a number, not '22'"),
        ('key = "key"\n' + HOST + "port = 0\n", "port is a number from 1 to 65535"),
        ('key = "key"\nsudo = 1\n' + HOST, "sudo is true or false"),
        ('key = "key"\ncolour = "red"\n' + HOST, "there is no setting 'colour'"),
        ('key = "key"\n' + HOST + HOST, "198.18.0.11 is there twice"),
        ('key = "key"\n' + HOST, "has 1 hosts, and 2 nodes need as many"),
    ],
)
def test_mistakes_are_told_in_one_sentence(folder: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(written(folder, text), 2)
    assert said in str(caught.value) and "hosts.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_a_key_with_a_passphrase_is_refused(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    locked = Ed25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.BestAvailableEncryption(b"x")
    )
    (folder / "key").write_bytes(locked)
    with pytest.raises(UsageError, match="asks for a passphrase"):
        read(written(folder, 'key = "key"\n' + HOST))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    file = written(folder, HOST)
    file.chmod(0)
    with pytest.raises(UsageError, match="Permission denied"):
        read(file)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["etcd", "--env", "ssh"], "--env ssh needs --hosts FILE.toml"),
        (["etcd", "--env", "ssh", "--hosts", "nowhere.toml"], "--hosts nowhere.toml: No such file or directory"),
        (["etcd", "--env", "docker", "--hosts", "x.toml"], "--hosts is for --env ssh, not --env docker"),
        (["raft", "--env", "ssh", "--hosts", "x.toml"], "raft does not run with --env ssh; it does with"),
    ],
)
def test_wrong_use_of_the_command_line(tmp_path: Path, words: list[str], said: str) -> None:
    command = [sys.executable, "-m", "splitbrain", "run", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 254 and done.stdout == ""
    assert said in done.stderr and done.stderr.count("\n") == 1
