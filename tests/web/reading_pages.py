"""What tests look at in a page: its elements, their attributes and its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "wbr", "img", "hr"})


@dataclass
class Element:
    """A tag with its attributes and all the text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Document(HTMLParser):
    """The elements of a page in order; `unclosed` names tags that were never closed."""

    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.unclosed: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.unclosed.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed, f"</{tag}> closes nothing"
        opened = self.unclosed.pop()
        assert opened.tag == tag, f"</{tag}> closes <{opened.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self.unclosed:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        """Every element of a tag."""
        return [element for element in self.elements if element.tag == tag]

    def one(self, tag: str) -> Element:
        """The only element of a tag."""
        (element,) = self.all(tag)
        return element

    @property
    def name(self) -> str:
        """The page's own title; pictures have titles too."""
        return self.all("title")[0].text

    def values(self, name: str) -> list[str]:
        """Every value of an attribute."""
        return [held.attributes[name] for held in self.elements if name in held.attributes]


def read_page(html: str) -> Document:
    """The document of some HTML; fails when tags are not closed in order."""
    document = Document()
    document.feed(html)
    document.close()
    assert not document.unclosed, [held.tag for held in document.unclosed]
    return document
