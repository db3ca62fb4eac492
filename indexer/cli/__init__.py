"""The command groups ``index`` and ``corpus``, and what the commands of the site share with them."""

from __future__ import annotations

from indexer.cli.corpus import corpus_group
from indexer.cli.failing import EXIT_FAILED, report_errors
from indexer.cli.index import index_group, print_counts
from indexer.cli.options import corpus_option, index_option
from indexer.cli.progress import terminal_progress
from indexer.counted import counted

__all__ = [
    "EXIT_FAILED",
    "corpus_group",
    "corpus_option",
    "counted",
    "index_group",
    "index_option",
    "print_counts",
    "report_errors",
    "terminal_progress",
]
