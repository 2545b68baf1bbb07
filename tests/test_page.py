"""The HTML page: one file, no script, nothing from outside; its code is the module's."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from editions import ABSTRACT, DEEP, DEFAULT, LANGUAGES, LOCALES, SKIP, lecture, lecture_in, text_of
from hostile import HOSTILE

from gradscribe.compiler import module_source
from gradscribe.lecture.style import Style
from gradscribe.lecture.words import words_of
from gradscribe.targets.page_view import page_view
from gradscribe.targets.palette import BEHIND, DARK, LIGHT, READ
from gradscribe.targets.render import render
from gradscribe.targets.target import find_target
from gradscribe.typeset.escaping import cleaned

VOID = {"meta", "br", "link", "img", "hr", "input"}
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
SHOWN = ("2-2-1 sigmoid", DEFAULT, SKIP)


class Page(HTMLParser):
    """Elements of a page, with what is wrong with how they are nested."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)
        self.close()
        self.faults += [f"{tag} is not closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag] = self.texts.get(tag, "") + data

    def values(self, name: str) -> list[str]:
        return [value for _, found, value in self.attributes if found == name]


def outside(text: str) -> list[str]:
    """Return what a page would fetch or run."""
    page = Page(text)
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<]*", text)
    found = [a for a in addresses if a not in NAMESPACES]
    found += [h for h in page.values("href") if not h.startswith("#")]
    found += page.values("src") + re.findall(r"@import|url\((?!#)[^)]*\)", text)
    found += [n for _, n, _ in page.attributes if n.startswith("on")]
    return found + [t for t in ("script", "iframe", "object", "link", "base") if page.tags[t]]


@pytest.mark.parametrize("spec", SHOWN)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_and_asks_for_nothing(spec: str, lang: str) -> None:
    text = text_of(spec, "html", Style(lang=lang))
    page = Page(text)
    assert page.faults == []
    assert outside(text) == []
    assert ("html", "lang", {"en": "en", "pt": "pt-BR"}[lang]) in page.attributes
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {h.removeprefix("#") for h in page.values("href")} <= set(ids)
    assert all(value for tag, name, value in page.attributes if name == "alttext")
    assert page.tags["math"] == len([1 for _, n, _ in page.attributes if n == "alttext"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_frame_is_there_in_order_and_in_the_contents(lang: str) -> None:
    frames = lecture_in(SHOWN[0], lang).frames
    page = Page(text_of(SHOWN[0], "html", Style(lang=lang)))
    anchors = [v for tag, n, v in page.attributes if tag == "article" and n == "id"]
    assert anchors == [f.key.replace("_", "-") for f in frames]
    assert {f"#{a}" for a in anchors} <= set(page.values("href"))


def test_pictures_are_drawn_with_a_title_and_a_deep_chain_is_folded() -> None:
    page = Page(text_of(SHOWN[0], "html"))
    assert page.tags["svg"] == 3  # layers and nodes of the network, nodes of the second example
    assert page.texts["title"].count("2") >= 2
    assert page.tags["details"] > 10
    assert page.tags["summary"] == page.tags["details"]
    assert Page(text_of(SKIP, "html")).tags["svg"] == 0


def test_the_checks_notice_what_does_not_belong_on_a_page() -> None:
    good = text_of(SHOWN[0], "html")
    for harm in (
        "<script>1</script>", '<img src="x">', '<p onclick="x">a</p>', '<a href="http://a.bc">a</a>',
        "<style>@import 'x'</style>", "<style>a{background:url(x.png)}</style>",
    ):  # fmt: skip
        assert outside(good.replace("</body>", f"{harm}</body>"))
    assert Page(good.replace("</article>", "", 1)).faults


def test_a_sheet_of_exercises_has_blanks_and_places_of_their_own() -> None:
    text = text_of(SHOWN[0], "html", Style(exercise=True))
    page = Page(text)
    assert page.faults == []
    assert outside(text) == []
    assert len(page.values("id")) == len(set(page.values("id")))
    assert text.count('class="answer"') > 4


# -- code --


def listings(text: str) -> list[str]:
    found = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", text, re.DOTALL)
    return [Page(f"<p>{item}</p>").texts["p"] for item in found]


@pytest.mark.parametrize("spec", ["2-2-1 sigmoid", "3-4-2 tanh,linear loss=sse", DEFAULT, SKIP])
def test_code_beside_equations_is_that_of_the_module(spec: str) -> None:
    source = module_source(spec or None)
    shown = listings(text_of(spec, "html"))
    lines = {line for listing in shown for line in listing.splitlines()}
    assert len(lines) > 12
    assert lines <= {line.strip() for line in source.splitlines()}
    for name in ("delta", "dJ_d", "u1 ="):
        assert any(line.startswith(name) for line in lines)


def test_what_is_computed_on_the_way_stands_with_what_reads_it() -> None:
    shown = [x for x in listings(text_of(SHOWN[0], "html")) if "ones = " in x]
    assert shown
    assert all("ones @" in listing for listing in shown)


def test_an_equations_number_is_that_of_the_module() -> None:
    source = module_source(SHOWN[0])
    rows = re.findall(r'id="eq-(\w+)">\s*<span[^>]*>\((\d+)\)</span>', text_of(SHOWN[0], "html"))
    assert len(rows) > 12
    for name, number in rows:
        assert re.search(rf"# \({number}\) [^\n]*\n(?:    (?:#|\w+ [-+*]?= )[^\n]*\n)*?    {name} ",
                         source), (name, number)  # fmt: skip


def test_without_functions_there_is_no_code_and_the_page_says_so() -> None:
    text = text_of(ABSTRACT, "html")
    assert "<pre" not in text
    assert "There is no code" in text


def test_of_very_many_equations_the_middle_is_left_out() -> None:
    text = text_of(DEEP, "html")
    assert "are left out here" in text
    assert {h.removeprefix("#") for h in Page(text).values("href")} <= set(Page(text).values("id"))
    assert len(re.findall(r'id="eq-', text)) == 48


# -- colours --


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_can_be_read_on_every_ground(palette: dict[str, str]) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for name in READ:
        for ground in BEHIND:
            assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
    text = text_of(SHOWN[0], "html")
    assert all(f"--{name}: {colour};" in text for name, colour in palette.items())


# -- texts of users, languages, determinism --


def page_titled(text: str) -> str:
    """Return a page whose title and author are a text."""
    told = replace(lecture("1-1 tanh"), title=(text,))
    words = words_of("en", LOCALES)
    return render(find_target("html", "page"), page_view(told, Style(author=text), words, {}))


@pytest.mark.parametrize("text", [*HOSTILE, "</style><p>", "]]>", "-->", "<!--", "&lt;b&gt;"])
def test_a_users_text_stays_text(text: str) -> None:
    page_text = page_titled(text)
    page = Page(page_text)
    assert page.faults == []
    assert outside(page_text) == []
    assert page.tags == Page(page_titled("plain")).tags
    assert page.texts["h1"] == cleaned(text, 4000)


def said(text: str) -> list[str]:
    """Return the tokens of all formulas of a page, words left out and commas as points."""
    tokens = re.findall(r"<(mi|mn|mo)[^>]*>([^<]*)</\1>", text)
    return [t.replace(",", ".") for _, t in tokens]


def test_both_languages_have_the_same_formulas_and_code() -> None:
    english, portuguese = (text_of(SHOWN[0], "html", Style(lang=k)) for k in LANGUAGES)
    assert said(english) == said(portuguese)
    assert listings(english) == listings(portuguese)
    assert english != portuguese
    decimals = re.findall(r"<mn>(\d+\.\d+)</mn>", english)
    assert len(decimals) > 20
    commas = re.findall(r"<mn>(\d+(?:,|\{,\})\d+)</mn>", portuguese)
    assert [d.replace(".", ",") for d in decimals] == commas


def test_the_same_description_gives_the_same_bytes() -> None:
    words = ("-c", "from gradscribe.editions import edition; from gradscribe.lecture.style import "
             "Style; import sys; sys.stdout.buffer.write("
             "edition('2-2-1 sigmoid', 'html', Style()).encode())")  # fmt: skip
    again = subprocess.run([sys.executable, *words], capture_output=True, check=True)
    assert again.stdout.decode() == text_of(SHOWN[0], "html")
