"""Read the arguments of a request one by one, and say what is wrong with them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from search_app.settings import MAX_QUERY_CHARS, MAX_VALUE_CHARS, MAX_VALUES

Arguments = Mapping[str, Sequence[str]]
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")
_MAX_DIGITS = 9  # longer page numbers are past any end


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: which parameter, and a sentence that is safe to show."""

    parameter: str
    detail: str


@dataclass(frozen=True, slots=True)
class Given:
    """Arguments as they were given, to be read one by one; ``problems`` collects what is wrong with them."""

    arguments: Arguments
    strict: bool
    problems: list[Problem]

    def words(self, name: str) -> str:
        """What somebody typed."""
        values = self.arguments.get(name, ())
        typed = values[-1] if values else ""
        if self.strict and len(typed) > MAX_QUERY_CHARS:
            self._problem(name, f"'{name}' may have at most {MAX_QUERY_CHARS} characters.")
        text = clean_text(typed)
        if len(text) > MAX_QUERY_CHARS and not self.strict:
            self._problem(name, f"Only the first {MAX_QUERY_CHARS} characters were searched.")
        return clean_text(text, MAX_QUERY_CHARS)

    def names(self, name: str) -> tuple[str, ...]:
        """The values of a parameter that may have several, each once."""
        values = self.arguments.get(name, ())
        if not values:
            return ()
        if self.strict and any(len(value) > MAX_VALUE_CHARS for value in values):
            self._problem(name, f"A value of '{name}' may have at most {MAX_VALUE_CHARS} characters.")
        found = unique(clean_text(value, MAX_VALUE_CHARS) for value in values[: 4 * MAX_VALUES])
        if self.strict and len(values) > MAX_VALUES:
            self._problem(name, f"'{name}' may have at most {MAX_VALUES} values.")
        elif len(found) > MAX_VALUES:
            self._problem(name, f"Only the first {MAX_VALUES} values of '{name}' were used.")
        return tuple(sorted(found[:MAX_VALUES]))

    def flag(self, name: str) -> bool:
        """Yes or no; no when nothing is given."""
        value = self._single(name)
        if value is not None and value not in (*_TRUE, *_FALSE):
            self._problem(name, f"'{name}' is 1 or 0, not '{clean_text(value, 40)}'.")
        return value in _TRUE

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of some words, the first of them when nothing is given."""
        value = self._single(name)
        if value is not None and value in choices:
            return value
        if value is not None:
            shown = clean_text(value, 40)
            near = difflib.get_close_matches(shown.lower(), choices, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            self._problem(name, f"'{name}' is one of {', '.join(choices)}, not '{shown}'.{hint}")
        return choices[0]

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """A whole number from 1."""
        text = self._single(name)
        if text is None:
            return default
        shown, digits = clean_text(text, 40), text.lstrip("0")
        if not (text.isascii() and text.isdigit() and digits) or (self.strict and text != digits):
            self._problem(name, f"'{name}' is a whole number from 1{f' to {most}' if most else ''}, not '{shown}'.")
            return default
        number = int(text) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS
        if most is not None and number > most:
            self._problem(name, f"'{name}' is at most {most}, not {shown}.")
            return most
        return number

    def _single(self, name: str) -> str | None:
        """The last value of a parameter, if there is one; what a form sends for an empty field is none to a page."""
        values = self.arguments.get(name, ())
        if not values or self.strict:
            return values[-1] if values else None
        return clean_text(values[-1], 40).lower() or None

    def _problem(self, name: str, detail: str) -> None:
        self.problems.append(Problem(name, detail))


def unexpected(arguments: Arguments, known: Sequence[str], single: Sequence[str] | None = None) -> tuple[Problem, ...]:
    """Unknown parameters of a request that knows only ``known``, and those given twice of which only one makes sense.

    ``single`` names the latter: all, when it is left out.
    """
    single = known if single is None else single
    problems = []
    for name in arguments:
        shown = clean_text(name, 40)
        if name not in known:
            near = difflib.get_close_matches(shown.lower(), known, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            listed = ", ".join(known)
            problems.append(Problem(shown, f"Unknown parameter '{shown}'.{hint} Known parameters: {listed}."))
        elif name in single and len(arguments[name]) > 1:
            problems.append(Problem(name, f"'{name}' may be given once, not {len(arguments[name])} times."))
    return tuple(problems)


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """Values in their order, each once, without empty ones."""
    return tuple(dict.fromkeys(value for value in values if value))


def clean_text(text: str, limit: int | None = None) -> str:
    """Composed, single-spaced text without control, format and surrogate characters."""
    if text.isascii() and text.isprintable():
        cleaned = " ".join(text[: 8 * MAX_QUERY_CHARS].split())
        return cleaned if limit is None else cleaned[:limit].rstrip()
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text[: 8 * MAX_QUERY_CHARS]):
        category = unicodedata.category(char)
        if category in ("Cc", "Zs", "Zl", "Zp"):
            kept.append(" ")
        elif category not in ("Cf", "Cs", "Cn"):
            kept.append(char)
    cleaned = " ".join("".join(kept).split())
    # Cutting can leave a space at the end, and removing a character can bring two together that compose.
    cleaned = unicodedata.normalize("NFC", cleaned)
    return cleaned if limit is None else cleaned[:limit].rstrip()
