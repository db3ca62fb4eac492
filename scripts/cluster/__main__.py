"""``python -m scripts.cluster``: a cluster for a developer, on the ports 9200 to 9202."""

from __future__ import annotations

import sys

from scripts.cluster import NODES, ROOT, serve

sys.exit(serve(ROOT / ".cluster" / "nodes", [9200 + number for number in range(NODES)]))
