"""Pages that answer 200 but hold no chapter: logins, bot checks, payments, rate limits, errors, ciphers.

    check_page(tree, title, paragraphs, lines)      # raises UnusablePage

Saved as a chapter, such a page would spoil the book in silence. None of them is circumvented. A story
may use the same words, so they count only where little prose stands beside them.
"""

import re
from collections.abc import Sequence, Set

from selectolax.lexbor import LexborHTMLParser

from xuxie.books.headings import NUMBERED, RANKS, fold, to_int
from xuxie.crawl.html import UnusablePage, compact, size_of, text_of
from xuxie.crawl.links import ancestors
from xuxie.crawl.notices import ACCOUNT, ADULT, ERROR, LOGIN, PAYMENT, RATE, ROBOT, UNFILLED
from xuxie.language import tr

SHORT = 200  # characters, or a hundred words of letters; a chapter with more is believed
PREVIEW = 1000  # characters; what a site shows of a chapter that must be paid for
CHALLENGES = (
    "#challenge-form, #challenge-running, #cf-challenge-running, .g-recaptcha, .h-captcha, #nc_1_wrapper"
)

# What a site's own font shows as other characters; in a novel's text next to none of these occur.
CIPHER = re.compile(r"[\u3400-\u4dbf\ue000-\uf8ff]")
MOST_CIPHER = 0.05  # of the characters

# Two or three letters say as much as one hanzi.
SAID = re.compile(r"[^\W\u3040-\u9fff\uac00-\ud7a3]{1,3}|\S")
CHAPTER = re.compile(NUMBERED)
NAME_BEHIND = re.compile(rf"^.*?{NUMBERED}")
PAGE_MARK = re.compile(r"[（(]?\s*第?\s*[0-9]{1,3}\s*(?:[/／]\s*[0-9]{1,3}\s*)?[页頁]?\s*[)）]?$")


class RateLimited(UnusablePage):
    """A page that says that the site is asked too often: the same page may be had later."""


def check_page(tree: LexborHTMLParser, title: str, paragraphs: Sequence[str], lines: Sequence[str]) -> None:
    """Raise UnusablePage when the page is not the chapter that it was asked for.

    `paragraphs` were found to be its text; `lines` are all that it shows.
    """
    whole = "\n".join(paragraphs)
    if len(CIPHER.findall(whole)) > MOST_CIPHER * len(whole):
        raise UnusablePage(tr("the site writes in a font of its own, not in characters"), forbidden=True)
    size = 0
    for paragraph in paragraphs:
        size += size_of(paragraph)
        if size >= PREVIEW:
            return
    if PAYMENT.search("\n".join(lines)):
        raise UnusablePage(tr("the site asks for a payment or a login"), forbidden=True)
    if len(SAID.findall(whole)) >= SHORT:
        return
    name = tree.css_first("title")
    own_title = text_of(name).replace(title, "") if name and title else text_of(name) if name else ""
    text = own_title + "\n" + "\n".join(paragraphs)
    if tree.css_first(CHALLENGES) or ROBOT.search(text):
        raise UnusablePage(tr("the site asks for a proof of being human"), forbidden=True)
    if RATE.search(text):
        raise RateLimited(tr("the site says that it is asked too often"))
    if paragraphs and all(map(UNFILLED.fullmatch, paragraphs)):
        raise UnusablePage(tr("the page's text is filled in by a script"))
    if ERROR.search(text):
        raise UnusablePage(tr("the site answers with an error page"))
    if LOGIN.search(text) or ADULT.search(text) or is_form(tree, paragraphs):
        raise UnusablePage(tr("the site asks for a login"), forbidden=True)


def is_form(tree: LexborHTMLParser, paragraphs: Sequence[str]) -> bool:
    """Whether a page asks for a password and has nothing to say but that, or what its form says."""
    field = tree.css_first('input[type="password"]')
    if field is None:
        return False
    form = next((node for node in ancestors(field) if node.tag == "form"), None)
    inside = compact(text_of(form)) if form is not None else ""
    if len(inside) > SHORT:  # of some sites, a form holds the whole page
        inside = ""
    return all(ACCOUNT.search(paragraph) or compact(paragraph) in inside for paragraph in paragraphs)


def check_heading(title: str, headings: Sequence[str], titles: Set[str]) -> bool:
    """Whether one of a page's `headings` says the chapter's title; False when none says anything.

    `titles` are the book's, folded. Raises UnusablePage when the page names another chapter: by
    that one's title, or by another number with another name. A number alone may be had twice.
    """
    own = fold(title)
    said = [fold(heading) for heading in headings]
    if own and any(own in heading for heading in said):
        return True
    numbers, name = numbers_in(title), fold(NAME_BEHIND.sub("", title))
    if len(name) > 1 and any(name in heading for heading in said):
        return True
    numbered = [heading for heading in headings if numbers_in(heading)]
    foreign = [heading for heading in headings if fold(PAGE_MARK.sub("", heading)) in titles - {own}]
    if not foreign and any(numbers & numbers_in(heading) for heading in numbered):
        return True
    foreign += numbered if numbers else []
    if foreign:
        raise UnusablePage(tr("the page is that of another chapter: {heading}", heading=foreign[0]))
    return False


def numbers_in(text: str) -> set[int]:
    """The numbers of chapters that a text names, wherever they stand; not those of volumes."""
    return {
        to_int(match["number"]) for match in CHAPTER.finditer(text) if RANKS[match["unit"]] >= RANKS["章"]
    }
