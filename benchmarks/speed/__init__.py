"""How fast we are, beside other engines on the same documents: ``python -m benchmarks.speed``."""
