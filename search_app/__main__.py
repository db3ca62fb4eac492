"""Run the ``medsearch`` command with ``python -m search_app``."""

from search_app.cli import main

main(prog_name="medsearch")
