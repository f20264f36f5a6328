"""The example of `docs/your-own-target.md`: a server in Python as three real processes, killed and cut off."""

from pathlib import Path

import pytest

import splitbrain
from splitbrain.harness.environments.linux import namespaces

EXAMPLE = Path(__file__).parents[3] / "examples" / "register.toml"

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")


@pytest.mark.parametrize("nemesis", ["kill", pytest.param("partition", marks=pytest.mark.long)])
def test_three_processes_under_faults(nemesis: str, tmp_path: Path) -> None:
    pytest.importorskip("httpx2", reason="pip install 'splitbrain[etcd]'")
    finished = splitbrain.run(
        f"binary:{EXAMPLE}", env="local", nodes=3, nemesis=nemesis, time_limit=8.0, seed=1, out=tmp_path
    )
    result = finished.result
    assert result.status.value == "valid", result.reason
