"""Which Chinese names may have been heard, when people write them in the letters of their own language.

Names are said to be "ruejing", "hwashan" or "foo dan" by who has only heard them, and "tungchi" or "kwangchow" by who
learnt them from old maps. A name is cut into syllables, each of which is a beginning (``x`` as ``sh``, ``hs``, ``ks``)
and an end (``ui`` as ``way``, ``ong`` as ``ung``); what they stand for in pinyin has a cost, 0 where it is pinyin
already. Which of the names exist, an index says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from search_app.pinyin import is_syllable

MOST_FORMS = 24  # names kept while a text is read, and in the end
MAX_HEARD = 8  # letters of a syllable as people write it: "zhwahng"
MAX_COST = 1.5
MIN_LETTERS, MAX_LETTERS = 5, 16  # of a text that may be a name of two syllables or more
_CERTAIN, _LIKELY, _RARE = 0.1, 0.25, 0.4


def _table(lines: str) -> Mapping[str, dict[str, float]]:
    """Spellings by what is heard: "x = hs ks, sh s? swan??" with ? for less and ?? for least likely."""
    table: dict[str, dict[str, float]] = {}
    for line in lines.strip().splitlines():
        pinyin, _, heard = (part.strip() for part in line.partition("="))
        for name in pinyin.split():
            table.setdefault(name, {})[name] = 0.0
            for each in heard.split():
                spelling = each.rstrip("?")
                cost = (_CERTAIN, _LIKELY, _RARE)[len(each) - len(spelling)]
                known = table.setdefault(spelling, {})
                known[name] = min(known.get(name, cost), cost)
    return table


# English ears, Wade-Giles and postal spellings, and French, German, Spanish and Russian ones.
_BEGINNINGS = _table("""
b = p?? bh
p = ph? b??
m = mm
f = ff ph v??
d = t? dh dd
t = th? tt d??
n = nn
l = ll
g = k? gh
k = kh c? ck g??
h = hh kh? x?? j?? ch??
j = dj g? ch? gi zh? dzh tj? dz?? k?? ts?? zj
q = ch tch tsh? ts? tj? chi?? k?? c?? j??
x = sh hs ks s? sch sy? z?? sz? si? hsi
zh = j dj ch? z? dz? jh dzh tch?? tsch?? g??
ch = tch ch tsch c? tsh q? ts?? cz
sh = sch s? ch?? x? sz
r = j? zh? wr rh
z = ts? tz dz ds? zh? s??
c = ts tz? z?? s?? ch?
s = ss sz z?? sh??
y = j?? i?
w = v? u? wh?
hu = wh? w?? hw hv?
""")
_ENDS = _table("""
a = ah aa ar? uh?? o??
o = oh or? aw?
e = eh? er? uh? u?? o?? a??
ai = igh? ie? i?? eye y? aye ay? uy? ei?
ei = ay ey ai? eigh e?
ao = ow au aow aou? ou? o?? aw?
ou = oe oh ow? o? owe eau? u??
an = ahn ann un? on?? ang? aan arn ane?
en = un? eng? ern uhn an?? in??
ang = ung? oung? ong?? an? ahng eng?? arng
eng = ung? en? ong?? ang?? erng uhng
ong = ung oong on?? eng?? ang?? un?? oung
i = ee ie? ea y? ih ey?? ii e??
ia = ya ea? ah? a? iah yah
ie = ieh ye yeh ee?? eh?? ia?? e?? iye yeah
iao = yao iow yow eow ao? eao ow?
iu = yo io eo iew yew ew? ieu you iou u?? eou
ian = ien yen yan en? een? ean ienne yenn
in = een ing? ean? yn ine?
iang = yang eang ang? ioung iung?? young yung?
ing = eeng in? yng ng? eng??
iong = yung iung young yong ung? ong?
u = oo ou? w? uh?? o?? wu woo uu eu?? ew?
ua = wa oua wah uah ooa a??
uo = wo o? uoh ua?? woh oa? or??
uai = why wai wy ouai
ui = way wei uei wey wee ue? uay oui uee uy wi ay? ey? ooey oi? hui? we? eui?
uan = wan ouan wahn on?? oan uon? wuan
un = oon wen uen oun on? win?
uang = wang uong wong ouang oang uan?
ue = ueh yue yeh? weh ywe yuh? oo?? ui? eh?? yoo??
""")


_NO_BEGINNING = {"": 0.0}
_WHOLE = _table("""
he = eh? huh
yi = i? ee?
wu = u? oo?
""")


@lru_cache(maxsize=8192)
def _syllables(heard: str) -> tuple[tuple[str, float], ...]:
    """Syllables of pinyin that some letters may stand for, with their cost."""
    found = dict(_WHOLE.get(heard, {}))
    for size in range(min(5, len(heard))):
        beginnings = _BEGINNINGS.get(heard[:size], {}) if size else _NO_BEGINNING
        for end, more in _ENDS.get(heard[size:], {}).items() if beginnings else ():
            for beginning, cost in beginnings.items():
                syllable = beginning + end
                if beginning or end[0] in "aeo":
                    total = cost + more
                    if total < found.get(syllable, MAX_COST) and is_syllable(syllable):
                        found[syllable] = total
    return tuple(found.items())


@lru_cache(maxsize=8192)
def is_heard(text: str) -> bool:
    """Whether letters may be syllables of Chinese at all, which most words are not."""
    if not (text.isascii() and text.isalpha() and len(text) <= MAX_LETTERS):
        return False
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(start in reached and _syllables(text[start:end]) for start in range(max(end - MAX_HEARD, 0), end)):
            reached.add(end)
    return len(text) in reached


@lru_cache(maxsize=4096)
def heard_names(text: str) -> tuple[tuple[str, float], ...]:
    """Names in pinyin, of two syllables or more, that some letters may stand for, likeliest first, with their cost.

    Most of them are no names at all; the text itself is never among them.
    """
    if len(text) < MIN_LETTERS or not is_heard(text):
        return ()
    # by how many letters were read: names so far with their cost and number of syllables
    read: list[dict[str, tuple[float, int]]] = [{"": (0.0, 0)}, *({} for _ in text)]
    for end in range(1, len(text) + 1):
        reached = read[end]
        for start in range(max(end - MAX_HEARD, 0), end):
            before = read[start]
            for syllable, more in _syllables(text[start:end]) if before else ():
                for name, (cost, count) in before.items():
                    whole = name + syllable
                    if cost + more < reached.get(whole, (MAX_COST, 0))[0]:
                        reached[whole] = (cost + more, count + 1)
        if len(reached) > MOST_FORMS:
            read[end] = dict(sorted(reached.items(), key=lambda each: each[1][0])[:MOST_FORMS])
    found = [(name, cost) for name, (cost, count) in read[-1].items() if count > 1 and name != text]
    return tuple(sorted(found, key=lambda each: each[1]))
