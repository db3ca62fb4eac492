"""Read the dates of a page."""

from __future__ import annotations

import calendar
import datetime
import re

_ISO = re.compile(r"^\s*(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?日?(?![\d])")
_YEAR = re.compile(r"^\s*(\d{4})\s*$")
_MONTHS = {
    **{calendar.month_name[number].lower(): number for number in range(1, 13)},
    **{calendar.month_abbr[number].lower(): number for number in range(1, 13)},
    "sept": 9,
}
_DAY_FIRST = re.compile(r"^\s*(\d{1,2})(?:st|nd|rd|th)?\s+([A-Za-z]{3,9})\.?,?\s+(\d{4})\b")
_MONTH_FIRST = re.compile(r"^\s*([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_ALONE = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2} [A-Za-z]{3,9}\.?,? \d{4}|[A-Za-z]{3,9}\.? \d{1,2}, \d{4}"
)
_LABEL = re.compile(
    r"^(?:date|published|publish date|posted|updated|last updated|last modified|release time|time"
    r"|发布时间|发布日期|更新时间|日期|时间)"
    r"(?:\s+on)?\s*[:：]?\s*(?=[\dA-Z])",
    re.IGNORECASE,
)


def iso_date(text: str) -> str:
    """Date as ``YYYY-MM-DD`` (or ``YYYY-MM``, ``YYYY`` when that is all there is); empty for anything else."""
    if match := _ISO.match(text):
        return _valid(match[1], match[2], match[3])
    if match := _YEAR.match(text):
        return match[1]
    if match := _DAY_FIRST.match(text):
        return _valid(match[3], str(_MONTHS.get(match[2].lower(), 0)), match[1])
    if match := _MONTH_FIRST.match(text):
        return _valid(match[3], str(_MONTHS.get(match[1].lower(), 0)), match[2])
    return ""


def date_line(line: str) -> str:
    """Date that a line consists of ("date:2025-09-12", "Last updated on 12 September 2025"); empty for others."""
    if len(line) <= 20 and _ALONE.fullmatch(line):
        return iso_date(line) if len(iso_date(line)) == 10 else ""
    match = _LABEL.match(line)
    if not match or len(line) > 60:
        return ""
    rest = line[match.end() :]
    found = iso_date(rest)
    return found if len(found) == 10 and len(rest) <= 30 else ""


def _valid(year: str, month: str, day: str | None) -> str:
    try:
        date = datetime.date(int(year), int(month), int(day or 1))
    except ValueError:
        return ""
    return date.isoformat() if day else date.isoformat()[:7]
