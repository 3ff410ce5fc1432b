#!/usr/bin/python3
"""examples.py DIR FILE...: takes the examples out of manuals and of README.md.

An example is a literal display in a manual's section EXAMPLES, as mandoc shows
it, or an indented block in those sections of README.md that are named below.
The n-th of all becomes the file DIR/n, and the n-th line of DIR/names tells
whose it is: `pg-ips(1): ` and the paragraph before it, or `README.md: `, its
section and its number there.
"""
import html.parser
import os
import re
import subprocess
import sys

README_SECTIONS = ["By hand", "On the wall"]


class Page(html.parser.HTMLParser):
    """What `mandoc -T html` makes of a manual."""

    def __init__(self):
        super().__init__()
        self.examples, self.section, self.inside, self.text, self.paragraph = [], "", None, "", ""

    def handle_starttag(self, tag, attributes):
        if tag in ("h1", "p", "pre"):
            self.inside, self.text = tag, ""
        elif tag == "div" and self.section == "EXAMPLES":
            self.inside, self.text = tag, ""

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        if tag != self.inside:
            return
        words = " ".join(self.text.split())
        if tag == "h1":
            self.section = words
        elif tag == "p":
            self.paragraph = words.rstrip(":.")
        elif self.section == "EXAMPLES" and tag == "pre":
            self.examples.append((self.paragraph, self.text.strip("\n") + "\n"))
        elif tag == "div" and words:
            sys.exit(f"an example that is no literal display (.Bd -literal): {words}")
        self.inside = None


def of_manual(path):
    name, section = os.path.basename(path).rsplit(".", 1)
    page = Page()
    page.feed(subprocess.run(["mandoc", "-T", "html", path], check=True, capture_output=True, text=True).stdout)
    return [(f"{name}({section}): {paragraph}", text) for paragraph, text in page.examples]


def of_readme(path):
    with open(path, encoding="utf-8") as file:
        sections = re.split(r"^## (.*)\n", file.read(), flags=re.MULTILINE)
    for title, text in zip(sections[1::2], sections[2::2]):
        if title in README_SECTIONS:
            blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, flags=re.MULTILINE)
            for number, block in enumerate(filter(str.strip, blocks), 1):
                yield f"README.md: {title} {number}", re.sub(r"^    ", "", block.strip("\n") + "\n", flags=re.MULTILINE)


def main():
    directory, *files = sys.argv[1:]
    names = []
    for path in files:
        for name, text in of_readme(path) if path.endswith(".md") else of_manual(path):
            names.append(name)
            with open(os.path.join(directory, str(len(names))), "w", encoding="utf-8") as file:
                file.write(text)
    with open(os.path.join(directory, "names"), "w", encoding="utf-8") as file:
        file.writelines(name + "\n" for name in names)


if __name__ == "__main__":
    main()
