"""The OpenSearch engine beside the embedded one, on nodes of this machine: ``python -m benchmarks.cluster``."""
