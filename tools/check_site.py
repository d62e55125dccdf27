"""Is a built site complete and self-contained: does it read the same from a shared drive in ten
years?

Three questions of every page: does the browser have to ask another host for anything (scripts,
styles, images, fonts, frames), does every link inside the site lead somewhere, down to the
anchor, and does it show a reader what only a program should see: an object as Python prints it, a
number that is none. Links that a reader may follow to other hosts are no fault. What scripts fetch
while they run only a browser can tell: tests/test_site.py asks one.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: attributes through which a page makes the browser load something, by element
LOADS = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "input": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
#: the `rel` values of <link> that load nothing
QUIET = {"next", "prev", "author", "canonical", "help", "license", "index", "search"}
STYLE_URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
#: a script that names another host as something to load
SCRIPT_URL = re.compile(
    r"""(?:import|importScripts|fetch)\(\s*["'](https?://[^"']+)"""
    r"""|\.src\s*=\s*["'](https?://[^"']+)"""
)
#: what Python prints of an object that was meant to be read otherwise
PRINTED = re.compile(
    r"IPython\.core|<pandas\.|\bdtype: ?\w|\b(?:np|numpy)\.(?:u?int|float|bool|str_|n?d?array)"
    r"|<Figure size|<Axes|\bat 0x[0-9a-f]{6}|\bnan ?%|\binf ?%|Traceback \(most recent"
)
#: a table's cell that says of a number that there is none
NO_NUMBER = {"nan", "NaN", "NaT", "inf", "-inf", "None", "<NA>"}
#: what is shown as code that somebody wrote, by class
WRITTEN = re.compile(r"\bcell_input\b|\bhighlight-(?!myst-ansi|none)")


class Page(HTMLParser):
    """The anchors of one page, what it links to, what it loads, and what it should not show."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.printed: list[str] = []
        self._inside = ""
        self._boxes: list[bool] = []
        self._named = 0
        self._cell = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "div":
            self._boxes.append(bool(WRITTEN.search(given.get("class", ""))))
        self._named += tag == "code"
        self._cell = "" if tag == "td" else self._cell
        self._inside = tag if tag in ("script", "style") else ""
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and not set(given.get("rel", "").lower().split()) & QUIET:
            self.loads.append(given.get("href", ""))
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.links.append(given.get("content", "").partition("url=")[2])
        for name in LOADS.get(tag, ()):
            urls = given.get(name, "")
            self.loads += (
                [part.split()[0] for part in urls.split(",") if part.split()]
                if name == "srcset"
                else [urls]
            )
        self.loads += style_urls(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.loads += style_urls(data)
        elif self._inside == "script":
            self.loads += script_urls(data)
        elif not any(self._boxes) and not self._named:
            self._cell += data
            self.printed += PRINTED.findall(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag == "div" and self._boxes:
            self._boxes.pop()
        self._named -= tag == "code" and self._named > 0
        if tag == "td" and self._cell.strip() in NO_NUMBER:
            self.printed.append(self._cell.strip())


def style_urls(text: str) -> list[str]:
    return [first or second for first, second in STYLE_URL.findall(text)]


def script_urls(text: str) -> list[str]:
    return [first or second for first, second in SCRIPT_URL.findall(text)]


def foreign(url: str) -> bool:
    """Whether loading this asks another host."""
    parts = urlsplit(url.strip())
    return bool(parts.netloc) or parts.scheme in ("http", "https", "ftp", "ws", "wss")


def faults(site: Path) -> list[str]:
    """Everything about a built site that keeps it from being published, as one line each."""
    site = site.resolve()
    files = (
        path for path in sorted(site.rglob("*.html")) if path.parent != site / "_static"
    )  # the theme's templates
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files}
    found = [] if pages else [f"there is no page in {site}"]
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        for url in page.loads:
            if foreign(url):
                found.append(f"{name} makes the browser load {url}")
            elif (
                url and not url.startswith(("data:", "#")) and not _file(site, path, url).is_file()
            ):
                found.append(f"{name} loads {url}, which is not there")
        found += [f"{name} shows {what}, which only a program should see" for what in page.printed]
        for url in page.links:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc or url in ("", "#"):
                continue
            target = _file(site, path, url) if parts.path else path
            if not target.is_file():
                found.append(f"{name} links to {url}, which is not there")
            elif (
                parts.fragment
                and target in pages
                and unquote(parts.fragment) not in pages[target].anchors
            ):
                found.append(f"{name} links to {url}, where there is no such anchor")
    for path in sorted(site.rglob("*.css")):
        urls = style_urls(path.read_text(encoding="utf-8"))
        found += [
            f"{path.relative_to(site).as_posix()} loads {url}" for url in urls if foreign(url)
        ]
    for path in sorted(site.rglob("*.js")):
        urls = script_urls(path.read_text(encoding="utf-8", errors="replace"))
        found += [f"{path.relative_to(site).as_posix()} loads {url}" for url in urls]
    return list(dict.fromkeys(found))


def _file(site: Path, page: Path, url: str) -> Path:
    path = unquote(urlsplit(url).path)
    target = site / path.lstrip("/") if path.startswith("/") else page.parent / path
    return (target / "index.html" if target.is_dir() else target).resolve()
