#!/usr/bin/python3
"""report_page.py PAGE WHAT [ARGUMENT]: what a page of dnsbl-report says, read as a browser without JavaScript reads it.

data             the JSON that its script reads
tiles            the figures of the summary
row TEXT         the row whose head is TEXT, its cells joined by " | "
runs             the first four cells of each row of the table of runs
when             the time that the page is of
warnings         the warnings and hints
labels           what the drawings say in words
policy           the Content-Security-Policy
hash script|style   the hash of that element as a policy writes it
references       all addresses that the page names
inline           attributes that the policy would refuse
elements NAME    how many there are
ends             1 if every element that is opened is closed, and the page ends with </html>
"""
import base64
import hashlib
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.well_formed = [], [], True
        self.feed(text)
        self.close()
        self.well_formed = self.well_formed and not self.open and text.endswith("</html>\n")

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "attributes": dict(attrs), "text": "", "within": list(self.open)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1]["tag"] != tag:
            self.well_formed = False
            return
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, name=None, within=None):
        for element in self.elements:
            classes = (element["attributes"].get("class") or "").split()
            if element["tag"] == tag and (not name or name in classes) and (not within or within in element["within"]):
                yield element

    def rows(self):
        for row in self.all("tr"):
            yield [cell["text"].strip() for cell in self.elements
                   if cell["tag"] in ("th", "td") and cell["within"][-1] is row], row

    def element(self, tag):
        return next(element for element in self.all(tag) if "type" not in element["attributes"])["text"]


def tidy(text):
    return re.sub(r"\s+", " ", text).strip()


def cell(text):
    return text[:-len("max 0")].strip() if re.fullmatch(r"max \d+", text) else tidy(text)


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        text = file.read()
    page, what, argument = Page(text), sys.argv[2], (sys.argv + [None])[3]
    if what == "data":
        print(next(element["text"] for element in page.all("script") if element["attributes"].get("id") == "data"))
    elif what == "tiles":
        print(", ".join(tidy(f"{label['text']} {figure['text']}") for label, figure in zip(page.all("dt"), page.all("dd"))))
    elif what == "row":
        row = next(cells for cells, _ in page.rows() if cells and cells[0] == argument)
        print(" | ".join(text for text in map(cell, row) if not re.fullmatch(r"max \d+", text)))
    elif what == "runs":
        table = next(element for element in page.all("table") if element["attributes"].get("id") == "runs")
        for cells, row in page.rows():
            if table in row["within"] and cells[0] != "Began":
                print(" | ".join(cells[:4]))
    elif what == "when":
        print(next(page.all("time"))["text"])
    elif what == "warnings":
        print(" ".join(tidy(element["text"]) for name in ("warning", "hint") for element in page.all("p", name)))
    elif what == "labels":
        print("; ".join(element["attributes"]["aria-label"] for element in page.all("svg") if "aria-label" in element["attributes"]))
    elif what == "policy":
        print(next(element["attributes"]["content"] for element in page.all("meta")
                   if element["attributes"].get("http-equiv") == "Content-Security-Policy"))
    elif what == "hash":
        digest = hashlib.sha256(page.element(argument).encode()).digest()
        print(f"'sha256-{base64.b64encode(digest).decode()}'")
    elif what == "references":
        print(" ".join(value for element in page.elements for name, value in element["attributes"].items()
                       if name in ("href", "src", "action", "srcset", "data", "poster", "xlink:href")))
    elif what == "inline":
        print(" ".join(name for element in page.elements for name in element["attributes"] if name == "style" or name.startswith("on")))
    elif what == "elements":
        print(sum(1 for _ in page.all(argument)))
    elif what == "ends":
        print(int(page.well_formed))
    else:
        sys.exit(__doc__)


main()
