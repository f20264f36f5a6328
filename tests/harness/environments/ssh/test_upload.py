"""Code that goes to a host: it runs there without any library, is the same each time, and injections arrive whole."""

import io
import subprocess
import sys
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.environments.ssh import upload
from splitbrain.harness.environments.ssh.serialization import KINDS, from_json, to_json

EXAMPLES: dict[str, Any] = {
    "links": (("n1", "n2"), ("n2", "n1")),
    "nodes": ("n1", "n3"),
    "node": "n2",
    "errno": "EIO",
}


def test_the_code_needs_nothing_but_python(tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(upload.contents())).extractall(tmp_path)
    load = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import splitbrain.harness.environments.ssh.agent.serve"
    told = f"{load}; print([name for name in sys.modules if name in ('msgspec', 'paramiko', 'docker')])"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", told], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


def test_it_is_the_same_bytes_each_time() -> None:
    assert upload.contents.__wrapped__() == upload.contents.__wrapped__()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_injection_arrives_as_it_was_sent(kind: type) -> None:
    import json

    injection = kind(**{field.name: EXAMPLES.get(field.name, 3) for field in fields(kind)})
    assert from_json(json.loads(json.dumps(to_json(injection)))) == injection
