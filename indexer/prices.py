"""What a page says that something costs: the figure, for what, the sentence, its source and its date.

Only sentences of a few plain shapes are read, as they are written: nothing is computed, converted or put together, and
a sentence that could be read in two ways is no price. Each price has a source, else it is left out.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from indexer.analysis import stem, terms
from indexer.model import Citation, Price, Section

MAX_WHAT, MAX_FIGURE, MAX_QUOTE = 110, 110, 420  # characters
MAX_PRICES = 50  # of one page, which each result list with it reads; seven is the most in the corpus
UNDATED = "undated"  # what a page says of a source without a date


def _any(words: str) -> str:
    return "(?:" + "|".join(words.split(",")) + ")"


_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_SCALE = r"(?:\smillion)?"
_RANGE = rf"{_NUMBER}{_SCALE}(?:\s?[–-]\s?{_NUMBER}{_SCALE}|\sor\s{_NUMBER})?"
_BEFORE = r"(?:RMB|CNY|US\$|HK\$|S\$|A\$|NT\$|\$|€|£|¥|￥)\s?"
_BEHIND = r"\s(?:yuan|yen|dollars|euros|pounds|RMB|baht|won)\b"
_MORE = r"(?!\d|%|[.,]\d|\s(?:million|billion|trillion|lakh|crore))"
_MONEY = rf"(?:{_BEFORE}{_RANGE}{_MORE}|{_RANGE}{_BEHIND})"
_ABOUT = r"(?:(?:about|around|some|nearly|almost|over|above|up to|at most|at least|more than|less than|from|just under|"
_ABOUT += r"just over|a little over|on average|roughly|as much as)\s)*"
_MARK = r"(?:\[\d{1,3}\])*"
_SUM = rf"{_ABOUT}{_MONEY}(?:{_MARK}\s(?:to)\s{_ABOUT}(?:{_MONEY}|{_NUMBER}{_SCALE}))?"
_CONVERTED = rf"(?:\s?\((?:about |then about )?{_MONEY}\)|,\s(?:about\s)?(?:US\$|£|€)\s?{_NUMBER}(?=[\s.;(]))?"

_PRICED = "cost,costs,was advertised at,was priced at,is priced at,was put at,is put at,runs at"
_SHAPES = (
    # "Pathology consultation: about RMB 2,000"
    re.compile(rf"^(?P<what>[A-Z][^:;.!?]{{2,90}}?): (?P<sum>{_SUM}{_CONVERTED})"),
    # "A VIP room was advertised at RMB 5,888 a night"; "At one hospital in Tongzhou, a knee replacement cost …"
    re.compile(
        rf"^(?:(?:At|In) [^,;:.]{{3,70}}, )?(?P<what>[A-Za-z0-9][^,;:.!?]{{3,100}}?) {_any(_PRICED)} "
        rf"(?P<sum>{_SUM}{_CONVERTED})"
    ),
    # "A guide put registration and consultation at up to RMB 2,000"
    re.compile(rf"\b(?:put|puts) (?P<what>[^,;:.!?]{{3,90}}?) at (?P<sum>{_SUM}{_CONVERTED})"),
    # "found IVF offers in China from 30,000 to 150,000 yuan"
    re.compile(rf"\bfound (?P<what>[^,;:.!?]{{3,60}}?) (?P<sum>from {_NUMBER} to {_NUMBER}{_BEHIND})"),
    # "An MRI for about RMB 500"
    re.compile(rf"^(?P<what>(?:An?|The) [^,;:.!?]{{2,50}}?) for (?P<sum>{_SUM}{_CONVERTED})"),
    # "gave RMB 30,000–50,000 as the usual cost of a cycle"
    re.compile(
        rf"(?P<sum>{_SUM}{_CONVERTED}) as the (?:usual|average|typical) (?:cost|price) of "
        r"(?P<what>[^,;:.!?(\[]{3,90}?)(?=[,;.(\[]| in \d|$)"
    ),
    # "paid RMB 2,822 for consultations, tests and an endoscopy at a public hospital"
    re.compile(rf"\bpaid (?P<sum>{_SUM}{_CONVERTED}) for (?P<what>[a-z][^;:.!?(\[]{{3,110}}?)(?=[;.(\[]|$)"),
    # "RMB 20–50 for a consultation"
    re.compile(
        rf"(?P<sum>{_SUM}{_CONVERTED}) for (?P<what>(?:an?|the|both|one) [^,;:.!?(\[]{{3,90}}?)"
        rf"(?=[,;:.(\[]| and {_ABOUT}{_MONEY}|$)"
    ),
)
_LABELLED, _USUAL = _SHAPES[0], _SHAPES[5]

# Money that is no price for a patient, and prices of something that was before.
_NO_PRICE = re.compile(
    r"\b(?:markets?|revenues?|GDP|spending|spent|invest\w*|fund(?:s|ed|ing)?|gave the|gifts?|donat\w+|fines?|"
    r"compensation|incomes?|earn\w*|limits?|limited|wallets?|commissions?|per person|payments of|deductible|subsid\w+|"
    r"grants?|turnover|worth|budget|Medicare|salary|salaries|wages|premiums?)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"\b(?:before|after|until|since|fell|dropped|rose|once|used to|would have)\b")
_VAGUE = re.compile(
    r"(?:together|total|in all|the rest|prices?|costs?|fees?|charges?|bills?|an? (?:older |old )?example|for example|"
    r"example|one published bill|it|they|this|these|that|those|he|she|one|some|others?|which|there|market|"
    r"an? other|the same|the first|the second|what|who)\b",
    re.IGNORECASE,
)
_PLACES = re.compile(
    r"(?:china|the chinese mainland|united states|usa|japan|thailand|india|singapore|malaysia|turkey|mexico|korea|"
    r"south korea|germany|united kingdom|uk|hong kong|taiwan|macao|vietnam|canada|australia|south africa|russia|"
    r"beijing|shanghai|guangzhou|shenzhen|chengdu|hangzhou|hainan|boao)(?:[,/ ]+\w+)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"([A-Z][^:;.!?]{2,60}): ")
_CLAUSE = re.compile(r"(?:[^,;:.!?()\[\]]|\.(?=\d)|,(?=\d))*")
_AND_MONEY = re.compile(rf"\sand\s(?:.*\s)?{_ABOUT}{_MONEY}.*$")
_NUMBER_ALONE = re.compile(r"(?<![A-Za-z-])\d")
_HERE = re.compile(r"\b(?:there|here|then|each)\b")

_ANY_MONEY = re.compile(rf"{_BEFORE}\d|\d{_SCALE}{_BEHIND}")
_SIGNS = ("RMB", "CNY", "$", "€", "£", "¥", "￥", " yuan", " yen", " dollars", " euros", " pounds", " baht")
_MARKER = re.compile(r"\[(\d{1,3})\]")
_SENTENCE = re.compile(r"(?<=[a-z0-9)”’\"%$])[.!?](?:\[\d{1,3}\])*(?=\s+[A-Z“\"0-9])|[。！？](?:\[\d{1,3}\])*")
_BULLET = re.compile(r"^[•‣◦·]\s+")
_MONTHS = "January,February,March,April,May,June,July,August,September,October,November,December"
_YEAR = r"(?:19[89]\d|20[0-4]\d)"
_YEARS = re.compile(rf"(?<![\d,$.])({_YEAR})\s?(?:[–-]|to)\s?({_YEAR})(?![\d,]|s\b)")
_DATE = re.compile(rf"(?:\b({_any(_MONTHS)})\s)?(?<![\d,$.])({_YEAR})(?![\d,]\d|s\b|\s(?:yuan|patients|beds|dollars))")
_NO_DATE = re.compile(r"\bundated\b|\byears? (?:is|was) not (?:given|named)|\bnames no year\b|\bmid-\d{4}s")
_CUT = re.compile(r"\s(?:that|which|who|where|with the year)\b.*$")
_LEADING = re.compile(rf"^(?:In {_YEAR},? )")


def prices_of(sections: Iterable[Section], citations: Iterable[Citation]) -> tuple[Price, ...]:
    """The first prices that a page states, in its order."""
    cited = {each.anchor: each for each in citations}
    return tuple(islice((price for section in sections for price in _of_section(section, cited)), MAX_PRICES))


def _of_section(section: Section, cited: dict[str, Citation]) -> Iterator[Price]:
    if not any(sign in section.text for sign in _SIGNS):  # much quicker than the expressions, and true of most
        return
    lines = section.text.split("\n")
    for number, line in enumerate(lines):
        if not _ANY_MONEY.search(line):
            continue
        listed = bool(_BULLET.match(line))
        context = _introduction(lines, number) if listed else ""
        item = _BULLET.sub("", line).strip()
        for sentence in filter(_ANY_MONEY.search, _sentences(item)):
            price = _price(sentence, item if listed else "", context, section, cited)
            if price is not None:
                yield price
                if listed:
                    break


def _introduction(lines: list[str], number: int) -> str:
    """The paragraph in front of a list, where it has one source for all of it; else one behind that speaks of it."""
    first = number
    while first and _BULLET.match(lines[first]):
        first -= 1
    last = number
    while last < len(lines) and _BULLET.match(lines[last]):
        last += 1
    before = "" if _BULLET.match(lines[first]) else lines[first]
    if len(set(_MARKER.findall(before))) == 1:
        return before
    behind = next(_sentences(lines[last]), "") if last < len(lines) else ""
    return behind if behind.startswith("These figures") and len(set(_MARKER.findall(behind))) == 1 else ""


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a line, each with the markers of sources behind it."""
    start = 0
    for match in _SENTENCE.finditer(text):
        yield text[start : match.end()].strip()
        start = match.end()
    if text[start:].strip():
        yield text[start:].strip()


def _price(sentence: str, item: str, context: str, section: Section, cited: dict[str, Citation]) -> Price | None:
    """The first price that a sentence states; None where it states none, or none that is beyond doubt.

    ``item`` is the whole item of a list that the sentence is of, else empty.
    """
    quote = _MARKER.sub("", item or sentence)
    shaped = _shaped(sentence, item)
    if shaped is None or len(quote) > MAX_QUOTE or _CHANGED.search(shaped.figure) or not _ascending(shaped.figure):
        return None
    told = _told(sentence, shaped.start, shaped.end)
    if _NO_PRICE.search(told):
        return None
    marker = _MARKER.search(sentence, shaped.start) or _MARKER.search(context)
    source = cited.get(f"source-{marker[1]}") if marker else None
    date = _date((shaped.figure, told, context))
    if source is None or date is None:
        return None
    date = "" if date == UNDATED else date or source.date
    words = tuple(dict.fromkeys(map(stem, terms(f"{shaped.what} {quote}"))))
    return Price(shaped.what, shaped.figure, quote, section.heading, section.anchor, source, date, words)


@dataclass(frozen=True, slots=True)
class _Shaped:
    """What a sentence of a plain shape says: for what, how much, and where in the sentence the sum stands."""

    what: str
    figure: str
    start: int
    end: int


def _shaped(sentence: str, item: str) -> _Shaped | None:
    """The first price of a sentence; None for no plain shape."""
    place = match[0] if item and (match := _LABEL.match(item)) and _PLACES.fullmatch(match[1]) else ""
    for shape in _SHAPES:
        if shape is _USUAL and " as the " not in sentence:  # much quicker than to try each sum
            continue
        found = shape.search(sentence)
        if found is None or (shape is _LABELLED and (place or not item)):
            continue
        start, end = found.span("sum")
        what = _LEADING.sub("", _CUT.sub("", _MARKER.sub("", found["what"]))).strip()
        if _VAGUE.match(what) or sentence[:start].endswith("against "):
            return None
        if shape is not _LABELLED:
            if _HERE.search(what) or _NUMBER_ALONE.search(_DATE.sub("", what)):
                return None
            what = place + what
        if what[0].isdigit() or len(what) > MAX_WHAT:
            return None
        named_behind = found.end("what") > end  # then that is what the figure is followed by
        return _Shaped(
            what, _MARKER.sub("", found["sum"]) if named_behind else _figure(sentence, start, end), start, end
        )
    return None


def _figure(sentence: str, start: int, end: int) -> str:
    """The price with what is said beside it, up to where its clause ends or another price begins."""
    rest = _CLAUSE.match(sentence, end)
    beside = _AND_MONEY.sub("", rest[0]) if rest else ""
    figure = sentence[start:end] + beside
    return _MARKER.sub("", figure if len(figure) <= MAX_FIGURE else sentence[start:end]).strip()


def _ascending(figure: str) -> bool:
    """Whether "from … to …" is a range: a fall is no price."""
    numbers = re.match(rf"from \D*({_NUMBER})({_SCALE}).*? to \D*({_NUMBER})({_SCALE})", figure)
    if numbers is None:
        return True
    low, high = (
        float(numbers[at].replace(",", "")) * (1_000_000 if "million" in numbers[at + 1] else 1) for at in (1, 3)
    )
    return low < high


def _told(sentence: str, start: int, end: int) -> str:
    """The part of a sentence that has the source of its price: from the marker before it to the one behind."""
    before = [match.end() for match in _MARKER.finditer(sentence, 0, start)]
    behind = next((match.start() for match in _MARKER.finditer(sentence, end)), len(sentence))
    return sentence[before[-1] if before else 0 : behind]


def _date(texts: tuple[str, str, str]) -> str | None:
    """The one date that the first of some texts names which names any.

    ``UNDATED`` where a text says that there is none, "" where none says anything, None where one names several.
    """
    figure, told, context = texts
    for text, further in ((figure, told), (told, ""), (context, "")):
        if _NO_DATE.search(text):
            return UNDATED
        found = list(dict.fromkeys(_DATE.findall(text)))
        if len(found) == 1:
            month, year = found[0]
            if f"about {year}" in text:
                return f"about {year}"
            return f"{year}-{_MONTHS.split(',').index(month) + 1:02}" if month else str(year)
        years = _YEARS.search(text)
        if len(found) == 2 and years:
            return f"{years[1]}–{years[2]}"
        if found and not further:
            return None
    return ""


def months_since(date: str, today: datetime.date) -> int:
    """Whole months from the end of the date of a price to a day; -1 for no date, or one to come."""
    last = date.rpartition("–")[2].removeprefix("about ")
    if not last:
        return -1
    year, month, *_ = [*map(int, last.split("-")), 12]
    return max((today.year - year) * 12 + today.month - month, -1)
