"""Read the dates of a page."""

from __future__ import annotations

import calendar
import datetime
import re
import unicodedata

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
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}(?:st|nd|rd|th)? [A-Za-z]{3,9}\.?,? \d{4}"
    r"|[A-Za-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?, \d{4}"
)
_WEEKDAY = re.compile(r"^(?:mon|tues?|wednes|wed|thurs?|thu|fri|satur|sat|sun)(?:day)?\.?,? (?=[\dA-Z])", re.IGNORECASE)
# What a Chinese site says behind the date, in the same line.
_BESIDE = re.compile(r"\s*(?:\d{1,2}:\d{2}(?::\d{2})?)?\s*(?:来源|作者|点击|浏览|阅读|编辑|字体|【字体|\[字体)")
# Dates that cannot be read: which number is the month, or numbers in words. A year alone may head a part of a history.
_UNREAD = re.compile(
    r"\s*(?:\d{1,4}([-./])\d{1,2}\1\d{1,4}|[\d〇零一二三四五六七八九]{2,4}年[\d一二三四五六七八九十]{1,3}月[\d一二三四五六七八九十]{1,3}[日号])"
    r"[\s\d:]*"
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
    line = _half_width(line)
    alone = _WEEKDAY.sub("", line)
    if len(alone) <= 20 and _ALONE.fullmatch(alone):
        return iso_date(alone) if len(iso_date(alone)) == 10 else ""
    match = _LABEL.match(line)
    if not match or len(line) > 60:
        return ""
    rest = _WEEKDAY.sub("", line[match.end() :])
    found = iso_date(rest)
    if len(found) != 10:
        return ""
    written = _ISO.match(rest)
    return found if len(rest) <= 30 or (written and _BESIDE.match(rest, written.end())) else ""


def is_dateline(line: str) -> bool:
    """Whether a line says nothing but when, in a form that can be read or not ("05/06/2026", "二〇二六年三月五日")."""
    line = _half_width(line)
    return bool(date_line(line)) or (len(line) <= 40 and _UNREAD.fullmatch(_LABEL.sub("", line)) is not None)


def _half_width(line: str) -> str:
    """Line with the digits and signs of Chinese typing as others write them."""
    return line if line.isascii() else unicodedata.normalize("NFKC", line[:80]) + line[80:]


def _valid(year: str, month: str, day: str | None) -> str:
    try:
        date = datetime.date(int(year), int(month), int(day or 1))
    except ValueError:
        return ""
    return date.isoformat() if day else date.isoformat()[:7]
