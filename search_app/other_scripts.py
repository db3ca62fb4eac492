"""Tell visitors who type in a script of no page which languages can be searched, in their own words."""

from __future__ import annotations

import re
from typing import NamedTuple


class Told(NamedTuple):
    """A sentence, the tag of its language, and the direction that it is written in."""

    text: str
    lang: str
    direction: str = "ltr"


# By the letters of a script, in the language that most people write in it.
_SENTENCES = (
    (
        re.compile("[\u0400-\u052f]"),
        Told("Искать здесь можно по-английски и по-китайски. Переведите запрос, например: eye hospital.", "ru"),
    ),
    (
        re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]"),
        Told("يمكن البحث هنا بالإنجليزية أو بالصينية. يُرجى ترجمة كلمات البحث، مثل: eye hospital", "ar", "rtl"),
    ),
    (
        re.compile("[\u1100-\u11ff\uac00-\ud7a3]"),
        Told("이 사이트는 영어와 중국어로 검색할 수 있습니다. 검색어를 번역해 보세요. 예: eye hospital", "ko"),
    ),
    (
        re.compile("[\u3041-\u3096\u30a1-\u30fa]"),
        Told("このサイトは英語と中国語で検索できます。言葉を翻訳してください。例：eye hospital", "ja"),
    ),
    (
        re.compile("[\u0e00-\u0e7f]"),
        Told("เว็บไซต์นี้ค้นหาได้ด้วยภาษาอังกฤษและภาษาจีน โปรดแปลคำค้น เช่น eye hospital", "th"),
    ),
    (
        re.compile("[\u0900-\u097f]"),
        Told("यहाँ अंग्रेज़ी और चीनी में खोजा जा सकता है। कृपया अपने शब्दों का अनुवाद करें, जैसे: eye hospital", "hi"),
    ),
)


def told(words: str) -> tuple[Told, ...]:
    """What to say to whoever typed these words; nothing where they are in a script of the pages."""
    if words.isascii():
        return ()
    return tuple(sentence for letters, sentence in _SENTENCES if letters.search(words))
