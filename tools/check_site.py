"""Is a built site complete and self-contained: does it read the same from a shared drive in ten
years?

Three questions of every page: does the browser have to ask another host for anything (scripts,
styles, images, fonts, frames), does every link inside the site lead somewhere, down to the
anchor, and does it show a reader what only a program should see: an object as Python prints it, a
number that is none. Links that a reader may follow to other hosts are no fault. What scripts fetch
while they run only a browser can tell: tests/test_site.py asks one.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

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
#: the name that pandas gives a styled table that has none
DRAWN = re.compile(r"T_[0-9a-f]{5}")
#: a table's cell that says of a number that there is none
NO_NUMBER = {"nan", "NaN", "NaT", "inf", "-inf", "None", "<NA>"}
#: what is shown as code that somebody wrote, by class
WRITTEN = re.compile(r"\bcell_input\b|\bhighlight-(?!myst-ansi|none)")


class Page:
    """The anchors of one page, what it links to, what it loads, and what it should not show."""

    def __init__(self, text: str) -> None:
        parser = etree.HTMLParser(remove_comments=True, huge_tree=True)
        root = etree.HTML(text or "<p></p>", parser)
        self.anchors = {str(name) for name in root.xpath("//@id | //@name")}
        self.links = [str(url) for url in root.xpath("//a/@href")]
        self.links += [
            meta.get("content", "").partition("url=")[2]
            for meta in root.iter("meta")
            if meta.get("http-equiv", "").lower() == "refresh"
        ]
        self.loads = _loaded(root)
        self.printed = _printed(root)


def _loaded(root: Any) -> list[str]:
    """What a page has the browser load."""
    urls = [
        link.get("href", "")
        for link in root.iter("link")
        if not set(link.get("rel", "").lower().split()) & QUIET
    ]
    for element in root.iter(*LOADS):
        for name in LOADS[element.tag]:
            given = element.get(name, "")
            parts = given.split(",") if name == "srcset" else [given]
            urls += [part.split()[0] for part in parts if part.split()]
    for style in root.xpath("//@style | //style/text()"):
        urls += style_urls(style)
    for script in root.xpath("//script/text()"):
        urls += script_urls(script)
    return urls


def _printed(root: Any) -> list[str]:
    """What a page says outside code that only a program should see; takes the code out of it."""
    etree.strip_elements(root, "code", "script", "style", with_tail=False)
    for box in list(root.iter("div")):
        if WRITTEN.search(box.get("class", "")):
            box.clear(keep_tail=True)
    found = PRINTED.findall("\n".join(root.itertext()))
    cells = ("".join(cell.itertext()).strip() for cell in root.iter("td"))
    return found + [cell for cell in cells if cell in NO_NUMBER]


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
    present = {str(path) for path in site.rglob("*") if path.is_file()}
    files = [
        path for path in sorted(site.rglob("*.html")) if path.parent != site / "_static"
    ]  # without the theme's templates
    with ProcessPoolExecutor() as others:
        pages = dict(zip(map(str, files), others.map(_read, files, chunksize=8), strict=True))
    found = [] if pages else [f"there is no page in {site}"]
    for at, page in pages.items():
        name = at[len(f"{site}/") :]
        for url in page.loads:
            if foreign(url):
                found.append(f"{name} makes the browser load {url}")
            elif (
                url
                and not url.startswith(("data:", "#"))
                and _file(site, at, urlsplit(url).path, present) not in present
            ):
                found.append(f"{name} loads {url}, which is not there")
        found += [f"{name} shows {what}, which only a program should see" for what in page.printed]
        found += [
            f"{name} has a table {id}, a name drawn anew in every build: set_uuid names it"
            for id in sorted(filter(DRAWN.fullmatch, page.anchors))
        ]
        for url in page.links:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc or url in ("", "#"):
                continue
            target = _file(site, at, parts.path, present) if parts.path else at
            if target not in present:
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


def _read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def _file(site: Path, page: str, path: str, present: set[str]) -> str:
    """The file that a path on a page names: of a folder, its index."""
    path = unquote(path)
    target = f"{site}{path}" if path.startswith("/") else f"{os.path.dirname(page)}/{path}"
    target = os.path.normpath(target)
    return target if target in present else f"{target}/index.html"
