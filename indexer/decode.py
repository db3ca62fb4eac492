"""Turn the bytes of a page into text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import charset_normalizer

SNIFFED_BYTES = 4096  # the WHATWG asks for 1024; old Chinese pages put comments before their <meta>
GUESSED_BYTES = 65_536  # a sample; guessing on a whole megabyte takes seconds

# Labels as the WHATWG Encoding Standard reads them: the larger superset of what the page names.
_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 x-unicode20utf8 utf-16 utf-16le utf-16be unicode ucs-2",
    "gb18030": "gb2312 gbk gb18030 x-gbk chinese csgb2312 csiso58gb231280 gb_2312 gb_2312-80 iso-ir-58 euc-cn cp936",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 big-5 cp950",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis",
    "euc_jp": "euc-jp x-euc-jp cseucpkdfmtjapanese",
    "iso2022_jp": "iso-2022-jp csiso2022jp",
    "cp949": "euc-kr ks_c_5601-1987 ks_c_5601-1989 korean windows-949 cseuckr ksc5601 ksc_5601 iso-ir-149",
    "cp1252": "windows-1252 cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 latin1 latin-1 l1 ascii us-ascii x-cp1252 "
    "cp819 x-user-defined",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "iso8859-2": "iso-8859-2 latin2 l2",
    "cp1251": "windows-1251 cp1251 x-cp1251",
    "iso8859-5": "iso-8859-5 cyrillic",
    "koi8-r": "koi8-r koi koi8 koi8_r",
    "koi8-u": "koi8-u",
    "cp1253": "windows-1253 cp1253",
    "iso8859-7": "iso-8859-7 greek",
    "cp1254": "windows-1254 cp1254 iso-8859-9 latin5 l5",
    "cp1255": "windows-1255 cp1255 iso-8859-8 hebrew",
    "cp1256": "windows-1256 cp1256",
    "iso8859-6": "iso-8859-6 arabic",
    "cp1257": "windows-1257 cp1257",
    "cp1258": "windows-1258 cp1258",
    "iso8859-15": "iso-8859-15 latin9 l9",
    "cp874": "windows-874 tis-620 iso-8859-11 dos-874",
    "macroman": "macintosh mac x-mac-roman",
}
ENCODINGS = {label: name for name, labels in _LABELS.items() for label in labels.split()}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a ZIP or Office file"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"RIFF", "a sound, film or picture"),
    (b"SQLite format 3", "a database"),
)
_MHTML = re.compile(rb"From: [^\n]*\n(?:[\w-]+:[^\n]*\n|[ \t][^\n]*\n)*?(?:MIME-Version|Content-Type): ", re.IGNORECASE)
_META = re.compile(rb"""<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w:.\-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w:.\-]+)""", re.IGNORECASE)
_UTF8_RUN = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")
_HAN_PAGES = ("gb18030", "big5hkscs")
_GUESSES = ["gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "cp1252", "cp1250", "cp1253", "cp1256", "koi8_r"]
_WESTERN = ("cp125", "iso8859", "macroman")
_EVERYDAY_SHARE = 0.75  # Chinese pages have over 0.95, wrong readings under 0.5
_FREQUENT_SHARE = 0.15  # Chinese prose has 0.3 to 0.5; Korean and Japanese read as Chinese under 0.08
_FREQUENT = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现"
    "这個們來為國說時會對過發後裡種經麼學現從動開關長間業體實點電無機當還進與種數應質總報處醫療術藥護"
    "医院病患治疗科术药中心服务国际健康护理手癌症心脏检查专预约门诊住部主任医师地址电话北京上海广州深圳成都杭州市省区本公司网首页新闻介绍更联系"
    "臺灣檢務務際預約診臟專網聞紹聯繫話區廣東高全分第二三十月日小部前起与及等其或由提供位最好并"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was read with, and what was odd about it."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def binary_reason(data: bytes) -> str:
    """Name what the bytes are when they are no text ("a PNG picture"); empty for text."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if _MHTML.match(data[:2_000]):
        return "a web archive (MHTML); save the page again as “Webpage, HTML only”"
    if _bom(data)[1] or _utf16(data):
        return ""
    sample = data[: 1 << 16]
    control = sum(sample.count(byte) for byte in (*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)))
    # A stray NUL or form feed is a fault in a page; one in fifty bytes is a file of another kind.
    return "binary" if control * 50 > len(sample) else ""


def decode(data: bytes, declared: str = "") -> Decoded:
    """Text of a page. Never fails: what cannot be read becomes U+FFFD and a warning.

    In this order: a byte order mark; UTF-16 by its pattern of zeros; the encoding that the transport (``declared``),
    ``<meta charset>`` or the XML declaration names, unless the bytes say otherwise; UTF-8; the best guess.
    """
    mark, encoding = _bom(data)
    if encoding:
        return _read(data[len(mark) :], encoding)
    if encoding := _utf16(data):
        return _read(data, encoding)
    label = declared or _declared(data)
    named = ENCODINGS.get(label.strip().lower())
    warnings: tuple[str, ...] = (f"unknown encoding {label.strip()[:40]!r}",) if label and named is None else ()
    if data.isascii() and named != "iso2022_jp":
        return Decoded(data.decode("ascii"), named or "utf-8", warnings)
    better = _contradiction(data, named)
    if better and named:
        warnings += (f"declared {label.strip()}, but the bytes are {better}",)
    chosen = better or named or _guess(data)
    decoded = _read(data, chosen)
    return Decoded(decoded.text, chosen, warnings + decoded.warnings)


def _bom(data: bytes) -> tuple[bytes, str]:
    return next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", ""))


def _utf16(data: bytes) -> str:
    """UTF-16 of a page without byte order mark: markup and spaces leave zeros at every other place."""
    sample = data[: SNIFFED_BYTES & ~1]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 20 < len(sample) or max(even, odd) < 4 * min(even, odd) or max(even, odd) < 2:
        return ""
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = sample.decode(encoding, "replace")
    odd_ones = sum((c < " " and c not in "\t\r\n\f") or c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in text)
    return encoding if odd_ones * 50 <= len(text) else ""


def declares_encoding(data: bytes) -> bool:
    """Whether a page says by itself how it is encoded."""
    return bool(_bom(data)[1] or _utf16(data)) or _declared(data).strip().lower() in ENCODINGS


def _declared(data: bytes) -> str:
    head = data[:SNIFFED_BYTES]
    match = _XML.search(head) or _META.search(head)
    return match[1].decode("ascii", "replace") if match else ""


def _read(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
    count = text.count("\ufffd")
    return Decoded(text, encoding, (f"{count} character{'s' * (count != 1)} could not be read as {encoding}",))


def _contradiction(data: bytes, named: str | None) -> str:
    """Another encoding that the bytes prove against the declared one, or an empty string."""
    if named is None:
        return ""
    if _is_utf8(data):
        runs = len(_UTF8_RUN.findall(data[: 1 << 20]))
        # A few Chinese characters can look like UTF-8 by chance; a western page cannot.
        proven = runs >= 4 or named.startswith(_WESTERN)
        return "utf-8" if proven and named != "utf-8" else ""
    if named == "utf-8" and _mostly_utf8(data):
        return ""
    if named in _HAN_PAGES and _is_chinese(data, named):
        return ""
    if (named in _HAN_PAGES or named == "utf-8" or named.startswith(_WESTERN)) and (chinese := _chinese(data)):
        return chinese
    faults = _faults(data, named)
    if faults > 1 and faults * 50 > sum(byte > 0x7F for byte in data):
        other = _guess(data)
        return other if _faults(data, other) < faults else ""
    return ""


def _guess(data: bytes) -> str:
    """Guess the encoding of a page that names none."""
    if _is_utf8(data) or _mostly_utf8(data):
        return "utf-8"
    if chinese := _chinese(data):
        return chinese
    best = charset_normalizer.from_bytes(data[:GUESSED_BYTES], cp_isolation=_GUESSES, threshold=0.3).best()
    return ENCODINGS.get(best.encoding.replace("_", "-"), best.encoding) if best else "cp1252"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_off = error.start >= len(data) - 3 and error.reason == "unexpected end of data"
        return cut_off and _UTF8_RUN.search(data) is not None
    return True


def _mostly_utf8(data: bytes) -> bool:
    return _faults(data, "utf-8") * 100 <= len(_UTF8_RUN.findall(data))


def _faults(data: bytes, encoding: str) -> int:
    return data.decode(encoding, "replace").count("\ufffd")


def _chinese(data: bytes) -> str:
    """Which of the Chinese encodings the bytes are, or an empty string."""
    return next((name for name in _HAN_PAGES if _is_chinese(data, name)), "")


def _is_chinese(data: bytes, encoding: str) -> bool:
    """Whether the bytes are Chinese when read so: everyday characters, and the most frequent ones among them.

    The second test is there for Korean and Japanese pages, whose bytes fall among the everyday characters too.
    """
    text = data[:GUESSED_BYTES].decode(encoding, "replace")
    other = [c for c in text if c > "\x7f"]
    han = [c for c in other if "\u4e00" <= c <= "\u9fff"]
    if len(han) < 2 or sum(map(_everyday, other)) < _EVERYDAY_SHARE * len(other):
        return False
    return sum(c in _FREQUENT for c in han) >= _FREQUENT_SHARE * len(han)


def _everyday(char: str) -> bool:
    if "\u3000" <= char <= "\u301f" or "\uff01" <= char <= "\uff5e" or char in "“”‘’—…·":
        return True
    if not "\u4e00" <= char <= "\u9fff":
        return False
    try:  # the 3,755 most used simplified characters
        return 0xB0 <= char.encode("gb2312")[0] <= 0xD7
    except UnicodeEncodeError:
        pass
    try:  # the 5,401 most used traditional ones
        return 0xA4 <= char.encode("big5")[0] <= 0xC6
    except UnicodeEncodeError:
        return False
