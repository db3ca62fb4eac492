"""Read the dates of a page."""

from __future__ import annotations

import calendar
import datetime
import re
import unicodedata

_ISO = re.compile(r"^\s*(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?[日号]?(?![\d])")
_YEAR = re.compile(r"^\s*(\d{4})\s*$")
_MONTHS = {
    **{calendar.month_name[number].lower(): number for number in range(1, 13)},
    **{calendar.month_abbr[number].lower(): number for number in range(1, 13)},
    "sept": 9,
    # German, whose hospitals and agents send patients too: the names that differ from the English ones.
    "januar": 1,
    "jänner": 1,
    "februar": 2,
    "märz": 3,
    "mär": 3,
    "mrz": 3,
    "mai": 5,
    "juni": 6,
    "juli": 7,
    "oktober": 10,
    "okt": 10,
    "dezember": 12,
    "dez": 12,
}
_DAY_FIRST = re.compile(r"^\s*(\d{1,2})(?:st|nd|rd|th|\.)?\s+([^\W\d_]{3,9})\.?,?\s+(\d{4})\b")
_NUMBERS = re.compile(r"^\s*(\d{1,2})([-./])\s?(\d{1,2})\2\s?(\d{4})(?!\d)")
# Where "5.3.2026" is the fifth of March: with dots, by the language of the page.
_DOTTED = re.compile(
    r"(?:be|bg|bs|cs|da|de|et|fi|hr|is|kk|lv|mk|nb|nn|no|pl|ro|ru|sk|sl|sq|sr|tr|uk)(?:-|$)", re.IGNORECASE
)
_HAN_DIGITS = {**{digit: number for number, digit in enumerate("〇一二三四五六七八九")}, "零": 0, "○": 0}
_IN_WORDS = re.compile(
    r"([\d〇零○一二三四五六七八九]{4})年([\d一二三四五六七八九十]{1,3})月(?:([\d一二三四五六七八九十]{1,3})[日号]?)?"
)
_MONTH_FIRST = re.compile(r"^\s*([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_ALONE = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}[日号]?|\d{1,2}(?:st|nd|rd|th|\.)? [^\W\d_]{3,9}\.?,? \d{4}"
    r"|\d{1,2}([-./]) ?\d{1,2}\1 ?\d{4}"
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
    r"|stand|datum|veröffentlicht|aktualisiert|zuletzt aktualisiert"
    r"|发布时间|发布日期|更新时间|日期|时间)"
    r"(?:\s+(?:on|am))?\s*[:：]?\s*(?=[\dA-Z])",
    re.IGNORECASE,
)


def iso_date(text: str, language: str = "") -> str:
    """Date as ``YYYY-MM-DD`` (or ``YYYY-MM``, ``YYYY`` when that is all there is); empty for anything else.

    Of two numbers before a year one must be above 12, or both the same, or the ``language`` one that writes days first
    with dots ("de"): else nobody knows which is the month.
    """
    if not text.isascii():
        text = _IN_WORDS.sub(_in_digits, text)
    if match := _ISO.match(text):
        return _valid(match[1], match[2], match[3])
    if match := _YEAR.match(text):
        return match[1]
    if match := _DAY_FIRST.match(text):
        return _valid(match[3], str(_MONTHS.get(match[2].lower(), 0)), match[1])
    if match := _MONTH_FIRST.match(text):
        return _valid(match[3], str(_MONTHS.get(match[1].lower(), 0)), match[2])
    if match := _NUMBERS.match(text):
        first, second = int(match[1]), int(match[3])
        dotted = match[2] == "." and _DOTTED.match(language) is not None
        if first > 12 or first == second or dotted:
            return _valid(match[4], match[3], match[1])
        if second > 12:
            return _valid(match[4], match[1], match[3])
    return ""


def _in_digits(match: re.Match[str]) -> str:
    """A date in Chinese numerals ("二〇二六年三月五日") with the digits of others; what is no number stays."""
    year = "".join(str(_HAN_DIGITS.get(sign, sign)) for sign in match[1])
    month, day = (_number(each) if each else "" for each in (match[2], match[3]))
    return f"{year}年{month}月{day}日" if day else f"{year}年{month}月"


def _number(text: str) -> str:
    """A number up to 99 as Chinese writes it: 十, 十五, 三十一."""
    if "十" not in text:
        return "".join(str(_HAN_DIGITS.get(sign, sign)) for sign in text)
    tens, _, ones = text.partition("十")
    return str(10 * int(_number(tens) or 1) + int(_number(ones) or 0)) if "十" not in ones else text


def date_line(line: str, language: str = "") -> str:
    """Date that a line consists of ("date:2025-09-12", "Last updated on 12 September 2025"); empty for others."""
    line = _half_width(line)
    alone = _WEEKDAY.sub("", line)
    if len(alone) <= 20 and _ALONE.fullmatch(alone):
        found = iso_date(alone, language)
        return found if len(found) == 10 else ""
    match = _LABEL.match(line)
    if not match or len(line) > 60:
        return ""
    rest = _WEEKDAY.sub("", line[match.end() :])
    found = iso_date(rest, language)
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
    if line.isascii():
        return line
    return _IN_WORDS.sub(_in_digits, unicodedata.normalize("NFKC", line[:80])) + line[80:]


def _valid(year: str, month: str, day: str | None) -> str:
    try:
        date = datetime.date(int(year), int(month), int(day or 1))
    except ValueError:
        return ""
    return date.isoformat() if day else date.isoformat()[:7]
