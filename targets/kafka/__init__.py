"""Kafka, partitioned logs that brokers copy from a leader each."""

from splitbrain.targets.kafka.target import Kafka as Kafka
