"""Requests made from the OpenAPI description by schemathesis."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.torture.figures import Part, folder, own_index
from tests.live import Site


def api(options: argparse.Namespace) -> bool:
    """Requests made from the OpenAPI description by schemathesis, where that is installed."""
    program = shutil.which("schemathesis", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        print("    left out: schemathesis is not installed (make torture installs it)")
        return True
    part = Part("api", "The API does what its description says.", "api")
    with folder() as place, Site(own_index(place)) as site:
        command = [program, "run", f"{site.url}/api/v1/openapi.json", "--max-examples", "100", "--no-color"]
        checked = subprocess.run(command, capture_output=True, text=True, cwd=place, timeout=600, check=False)
        log = site.written()
    cases = re.search(r"(\d+) generated", checked.stdout)
    failures = re.findall(r"\u274c ([^\n:]+: \d+)", checked.stdout)
    part.figure("cases", cases[1] if cases else "none", "some", cases is not None)
    part.figure("server errors", log.count("Traceback"), "0", "Traceback" not in log)
    part.figure("differences from the description", ", ".join(failures) or "none", "none", not failures)
    return part.save()
