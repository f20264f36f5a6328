"""NATS JetStream, streams replicated by Raft."""

from splitbrain.targets.nats.target import Nats as Nats
