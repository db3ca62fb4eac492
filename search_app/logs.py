"""What the server writes to standard error: one line for each event, as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger

FORMATS = ("text", "json")


class JsonLines(logging.Formatter):
    """One JSON object a line; a stack trace is a field of it, so that an event never spreads over several lines."""

    def format(self, record: logging.LogRecord) -> str:
        """The event as JSON."""
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(event, ensure_ascii=False)


def configure(form: str) -> None:
    """Send everything from warnings upwards to standard error, in one of ``FORMATS``."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s [%(process)d]: %(message)s")
    handler.setFormatter(JsonLines() if form == "json" else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # The client of a cluster warns of each failed call with a stack trace; our own errors tell the same in a line.
    logging.getLogger("opensearch").setLevel(logging.ERROR)


class ServerLogger(Logger):  # type: ignore[misc]
    """gunicorn's own events, written like all others; it logs no requests."""

    def setup(self, cfg: Any) -> None:
        """No handlers of its own."""
        self.cfg = cfg
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True
        self.access_log.setLevel(logging.CRITICAL)

    def access(self, *request: Any) -> None:
        """Requests are the proxy's to log, or nobody's: their addresses hold what people search for."""
