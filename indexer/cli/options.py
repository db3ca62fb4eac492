"""Options that many commands share."""

from __future__ import annotations

import click

index_option = click.option(
    "--index",
    envvar=["MEDSEARCH_ENGINE", "MEDSEARCH_INDEX"],
    default="index/",
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="Folder of the index, or the address of a cluster (opensearch://HOST:9200/NAME).",
)
corpus_option = click.option(
    "--corpus",
    envvar="MEDSEARCH_CORPUS",
    default="corpus/",
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="Folder of the pages.",
)
