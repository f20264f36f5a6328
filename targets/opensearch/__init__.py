"""OpenSearch, a search engine: documents that a primary copies to replicas, and an elected cluster manager."""

from splitbrain.targets.opensearch.target import OpenSearch as OpenSearch
