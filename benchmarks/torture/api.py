"""Requests made from the OpenAPI description by schemathesis."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.torture.figures import FIGURES, Part, folder, own_index
from tests.live import Site

LINE_CHARS = 1000  # shown of an address that may have thousands
# A server refuses an address that is too long before it knows what is asked, so that is a refusal like the others.
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = [400, 404, 405, 414, 431]
"""


def api(options: argparse.Namespace) -> bool:
    """Requests made from the OpenAPI description by schemathesis, where that is installed."""
    program = shutil.which("schemathesis", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        print("    left out: schemathesis is not installed (make torture installs it)")
        return True
    part = Part("api", "The API does what its description says.", "api")
    with folder() as place, Site(own_index(place)) as site:
        command = [
            program,
            "run",
            f"{site.url}/api/v1/openapi.json",
            "--max-examples",
            "300",
            "--no-color",
            f"--seed={options.seed}",
        ]
        (place / "schemathesis.toml").write_text(CONFIGURATION, "utf-8")
        checked = subprocess.run(command, capture_output=True, text=True, cwd=place, timeout=600, check=False)
        log = site.written()
    cases = re.search(r"(\d+) generated", checked.stdout)
    failures = re.findall(r"\u274c ([^\n:]+: \d+)", checked.stdout)
    part.figure("cases", cases[1] if cases else "none", "some", cases is not None)
    part.figure("server errors", log.count("Traceback"), "0", "Traceback" not in log)
    part.figure("differences from the description", ", ".join(failures) or "none", "none", not failures)
    _keep(checked.stdout if failures else "")
    return part.save()


def _keep(findings: str) -> None:
    """Print what schemathesis found, with the requests that show it, and keep it beside the figures until it is mended."""
    file = FIGURES / "api.txt"
    file.unlink(missing_ok=True)
    if findings:
        shown = findings[max(findings.find("= FAILURES ="), 0) :].splitlines()
        told = "\n".join(line[:LINE_CHARS] for line in shown)
        print(told)
        file.write_text(told + "\n", "utf-8")
