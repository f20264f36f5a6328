"""Faults that nothing of a target's nodes can meet are refused before a run, and told by `list`."""

import pytest

from splitbrain import registry
from splitbrain.harness.deployment import Process
from splitbrain.harness.environments.local.environment import Local
from splitbrain.harness.injection import Cut, FillDisk, Kill, Pause


@pytest.mark.parametrize("name", ["memcached", "ignite", "hazelcast", "infinispan", "dynamodb"])
def test_what_keeps_nothing_on_disk_has_no_disk_that_fails(name: str) -> None:
    deployment = registry.target(name).deployments[0]
    assert isinstance(deployment, Process)
    refused = Local().unsupported(FillDisk, deployment)
    assert refused is not None and refused.reason == "its nodes keep nothing on disk"
    assert Kill not in deployment.pointless and Cut not in deployment.pointless


@pytest.mark.parametrize("name", ["deltalake", "iceberg"])
def test_nodes_that_share_a_folder_alone_cannot_be_parted(name: str) -> None:
    deployment = registry.target(name).deployments[0]
    refused = Local().unsupported(Cut, deployment)
    assert refused is not None and refused.reason == "its nodes say nothing to each other"
    assert Local().unsupported(Pause, deployment) is None


def test_a_server_with_a_disk_and_a_network_meets_all() -> None:
    deployment = registry.target("etcd").deployments[0]
    assert isinstance(deployment, Process) and not deployment.pointless
