"""Names by which pages call their parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

DROPPED_TAGS = {
    "nav": "navigation",
    "footer": "footer",
    "aside": "aside",
    "form": "form",
    "button": "form",
    "dialog": "dialog",
    "header": "site header",
}
DROPPED_ROLES = {
    "navigation": "navigation",
    "banner": "site header",
    "contentinfo": "footer",
    "complementary": "aside",
    "search": "form",
    "form": "form",
    "dialog": "dialog",
    "alertdialog": "dialog",
}


def _named(words: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!no)(?<!has)(?<!with)(?:^|(?<=[-_]))(?<!no-)(?<!has-)(?<!with-)(?:{words})s?(?=$|[-_])", re.IGNORECASE
    )


# Names of classes and ids that say what a part is for, on any site. What only one site does is found by evidence.
DROPPED_NAMES = (
    ("cookie bar", _named("cookie|cookiebar|cookieconsent|gdpr|consent-banner")),
    (
        "share links",
        re.compile(
            r"^(?:bdshare|jiathis|addthis|a2a_|sharethis)|^(?:social-)?(?:share|sharing)(?:$|[-_])", re.IGNORECASE
        ),
    ),
    ("navigation", _named("navbar|nav|navigation|pagination|pager|skiplink|skip-link|toc|table-of-contents")),
    ("sidebar", re.compile(r"^(?:sidebar|side-bar|widget-area)(?:$|[-_])", re.IGNORECASE)),
    ("comments", re.compile(r"^(?:comments?|comment-list|disqus_thread|respond)$", re.IGNORECASE)),
    (
        "advertising",
        re.compile(r"^(?:ads?|advert|advertisement|newsletter|subscribe|popup|modal)(?:$|[-_])", re.IGNORECASE),
    ),
)
BREADCRUMB = re.compile(r"^(?:breadcrumbs?|crumbs?|location-nav|mbx)(?:$|[-_])|breadcrumb", re.IGNORECASE)
RELATED_NAME = re.compile(r"^(?:related|see-also|recommended)(?:$|[-_])", re.IGNORECASE)
MAIN_NAMES = (
    "content",
    "main-content",
    "main",
    "article",
    "article-content",
    "post-content",
    "entry-content",
    "page-content",
    "news-content",
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def named_so(pattern: re.Pattern[str], classes: Sequence[str], own_id: str) -> bool:
    """Whether an element is called so: by part of a class, or by its whole id.

    Ids are often made from headings: "sharing-the-costs" and "related-diseases" are sections of an article.
    """
    found = pattern.search(own_id)
    return any(map(pattern.search, classes)) or (found is not None and found.group() == own_id)
