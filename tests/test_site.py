"""The published site: complete, self-contained, and fit for a phone.

`make book` runs `check_site` before it publishes, so a site that fails it never gets here; these
tests look at what is in `_build/html` again, and ask a browser, where one is installed, what its
pages really load.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
from lxml import etree

from tools import build, check_site

SITE = Path(__file__).parents[1] / "_build" / "html"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

built = pytest.mark.skipif(
    not (SITE / "index.html").is_file(), reason="no site in _build/html: run make book"
)


def write(folder: Path, **pages: str) -> Path:
    for name, text in pages.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_a_complete_site_has_no_fault(tmp_path: Path) -> None:
    site = write(
        tmp_path,
        index__html=(
            "<a href='other.html#here'>x</a><a "
            "href='https://example.org'>elsewhere</a><img src='data:,'>"
        ),
        other__html=(
            "<p id='here'></p><link rel='stylesheet' href='style.css?v=1'><script "
            "src='run.js'></script>"
        ),
        style__css="p { background: url(data:image/png;base64,AA) }",
        run__js="document.title = 'https://example.org'",
    )
    assert check_site.faults(site) == []


@pytest.mark.parametrize(
    "page",
    [
        "<script src='https://cdn.example/x.js'></script>",
        "<script>import('https://cdn.example/x.js')</script>",
        "<link rel='stylesheet' href='//cdn.example/x.css'>",
        "<link rel='preconnect' href='https://cdn.example'>",
        "<img src='http://cdn.example/x.png'>",
        "<img srcset='local.png 1x, https://cdn.example/x.png 2x'>",
        "<style>@import 'https://cdn.example/x.css';</style>",
        "<p style='background: url(https://cdn.example/x.png)'></p>",
        "<iframe src='https://cdn.example/'></iframe>",
    ],
)
def test_whatever_asks_another_host_is_found(tmp_path: Path, page: str) -> None:
    write(tmp_path, index__html=page, local__png="")
    (fault,) = check_site.faults(tmp_path)
    assert "index.html makes the browser load" in fault
    assert "cdn.example" in fault


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<a href='gone.html'>x</a>", "links to gone.html, which is not there"),
        (
            "<a href='index.html#gone'>x</a>",
            "links to index.html#gone, where there is no such anchor",
        ),
        ("<a href='#gone'>x</a>", "links to #gone, where there is no such anchor"),
        ("<img src='gone.png'>", "loads gone.png, which is not there"),
    ],
)
def test_whatever_leads_nowhere_is_found(tmp_path: Path, page: str, expected: str) -> None:
    assert check_site.faults(write(tmp_path, index__html=page)) == [f"index.html {expected}"]


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        ("<p>&lt;IPython.core.display.Markdown object&gt;</p>", "IPython.core"),
        (
            "<div class='output stream highlight-myst-ansi'><pre>dtype: float64</pre></div>",
            "dtype: f",
        ),
        ("<p>It earned np.float64(0.05) a year.</p>", "np.float"),
        ("<p>It earned nan% a year.</p>", "nan%"),
        ("<table><tr><td> nan </td></tr></table>", "nan"),
        ("<div class='cell_input'><pre>x</pre></div><p>&lt;pandas.Styler&gt;</p>", "<pandas."),
    ],
)
def test_what_python_prints_of_an_object_is_found(tmp_path: Path, shown: str, what: str) -> None:
    assert check_site.faults(write(tmp_path, index__html=shown)) == [
        f"index.html shows {what}, which only a program should see"
    ]


def test_a_table_whose_name_is_another_in_every_build_is_found(tmp_path: Path) -> None:
    frame = pd.DataFrame({"weight": [0.5]})
    nameless, named = frame.style.to_html(), frame.style.set_uuid("held").to_html()
    drawn = next(iter(re.findall(r"T_\w{5}(?=\")", nameless)))
    assert check_site.faults(write(tmp_path, index__html=nameless)) == [
        f"index.html has a table {drawn}, a name drawn anew in every build: set_uuid names it"
    ]
    assert check_site.faults(write(tmp_path, index__html=named)) == []


def test_code_that_somebody_wrote_may_say_anything(tmp_path: Path) -> None:
    page = (
        "<div class='cell_input'><div class='highlight-ipython3'><pre>np.float64(1)</pre></div>"
        "</div><p><code>dtype: x</code>, and bananas at 5%</p><table><tr><td>None of 9</td></tr>"
    )
    assert check_site.faults(write(tmp_path, index__html=page)) == []


def test_styles_and_scripts_are_read_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        index__html="",
        a__css="@import url('https://cdn.example/a.css')",
        b__js="fetch('https://cdn.example/b')",
    )
    assert check_site.faults(tmp_path) == [
        "a.css loads https://cdn.example/a.css",
        "b.js loads https://cdn.example/b",
    ]


def test_an_empty_folder_is_no_site(tmp_path: Path) -> None:
    assert check_site.faults(tmp_path) == [f"there is no page in {tmp_path.resolve()}"]


@built
def test_the_site_is_complete_and_self_contained() -> None:
    assert check_site.faults(SITE) == []


@built
def test_each_chapter_offers_its_notebook_module_and_tests_and_says_what_it_was_made_from() -> None:
    register = json.loads((SITE / "evidence.json").read_text(encoding="utf-8"))
    chapters = sorted((SITE / "notebooks").rglob("*.html"))
    assert sorted(register["chapters"]) == sorted(path.stem for path in chapters)
    for path in chapters:
        page = check_site.Page(path.read_text(encoding="utf-8"))
        part, name = path.parts[-2], path.stem
        folder = Path(__file__).parents[1]
        files = [
            folder / "portlib" / part / f"{name}.py",
            folder / "tests" / part / f"test_{name}.py",
        ]
        for kind in ("portlib", "tests"):
            files += (folder / kind / part / name).glob("*.py")
        sources = [
            file.relative_to(folder).with_suffix("")
            for file in files
            if file.is_file() and file.stat().st_size
        ]
        assert len(sources) >= 2
        for target in (
            f"{name}.ipynb",
            *(f"source/{source.as_posix()}.html" for source in sources),
        ):
            assert any(link.endswith(target) for link in page.links), (
                f"{path.name} does not link {target}"
            )
        text = path.read_text(encoding="utf-8")
        checks = len(register["chapters"][name]["claims"])
        for words in (
            "commit <code>",
            "lock <code>",
            "data <code>",
            "executed 20",
            f"checks passed {checks}/{checks}",
        ):
            assert words in text, f"{path.name} does not say {words!r}"
        cells = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
        assert any(cell.get("outputs") for cell in cells), f"{path.stem}.ipynb was not executed"


class Browser:
    """Headless Chromium, spoken to in its own protocol."""

    def __init__(self, profile: Path) -> None:
        self.websocket = pytest.importorskip(
            "websocket", reason="websocket-client comes with jupyter-server"
        )
        self.emulated: dict[str, dict[str, Any]] = {}
        self.start(profile)

    def start(self, profile: Path) -> None:
        flags = (
            "--headless --no-sandbox --disable-gpu --no-first-run "
            "--disable-background-networking --disable-sync --disable-component-update "
            "--remote-debugging-port=0 --remote-allow-origins=* --hide-scrollbars"
        )
        command = [str(CHROMIUM), *flags.split(), f"--user-data-dir={profile}", "about:blank"]
        environment = {**os.environ, "HOME": str(profile)}
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.profile = profile
        url = f"http://127.0.0.1:{self._port()}/json"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            url, timeout=10
        ) as answer:
            target = next(tab for tab in json.load(answer) if tab["type"] == "page")
        self.socket = self.websocket.create_connection(
            target["webSocketDebuggerUrl"], timeout=600 if WHOLE else 120, http_no_proxy=["*"]
        )
        self.events: list[dict[str, Any]] = []
        self.sent = 0
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        for method, parameters in self.emulated.items():
            self.ask(method, **parameters)

    def _port(self) -> str:
        file = self.profile / "DevToolsActivePort"
        for _ in range(300):
            if file.is_file() and len(lines := file.read_text(encoding="utf-8").splitlines()) == 2:
                return lines[0]
            time.sleep(0.1)
        raise TimeoutError("Chromium did not open its debugging port within 30 s")

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.socket.recv())
        if "method" in message:
            self.events.append(message)
        return message

    def ask(self, method: str, **parameters: Any) -> Any:
        if method.startswith("Emulation."):
            self.emulated[method] = parameters
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while (message := self._receive()).get("id") != self.sent:
            pass
        assert "error" not in message, message
        return message["result"]

    def evaluate(self, expression: str) -> Any:
        answer = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, page: Path) -> None:
        try:
            self._load(page)
        except self.websocket.WebSocketTimeoutException:
            # now and then Chromium never answers, whichever page it is: another one is asked
            self.process.kill()
            self.process.wait()
            self.socket.shutdown()
            self.start(self.profile.with_name(f"{self.profile.name}-again"))
            self._load(page)

    def _load(self, page: Path) -> None:
        self.events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._receive()

    def seen(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event["method"] == method]

    def close(self) -> None:
        self.ask("Browser.close")
        self.socket.close()
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: what scripts load while they run is not tested")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


#: what sticks out of a page at the right and lies in no box that scrolls
STICKS_OUT = """(() => {
  const wide = document.documentElement.clientWidth + 1, found = [];
  for (const e of document.querySelectorAll("main *")) {
    if (e.getBoundingClientRect().right <= wide) continue;
    if (e.closest(".bd-sidebar-secondary, svg")) continue;
    let box = e.parentElement;
    while (box && !["auto", "scroll", "hidden"].includes(getComputedStyle(box).overflowX))
      box = box.parentElement;
    if (!box || box === document.body || box === document.documentElement)
      found.push(e.tagName.toLowerCase() + "." + e.className + ": "
                 + e.textContent.trim().slice(0, 60));
  }
  return found.slice(0, 3);
})()"""


#: on a phone: formulas left as TeX, figures that are pictures of letters or whose letters are small
UNFIT = """(() => {
  const found = [];
  for (const e of document.querySelectorAll("main .math"))
    if (!e.querySelector("math") || e.querySelector("merror"))
      found.push(["a formula that is not set", e.textContent.slice(0, 60)]);
  for (const e of document.querySelectorAll("main .stretch img"))
    found.push(["a figure that is no vector", e.src.slice(-40)]);
  for (const figure of document.querySelectorAll("main svg.figure, main svg.drawn")) {
    const box = figure.getBoundingClientRect();
    if (!box.width) continue;
    const scale = box.width / figure.viewBox.baseVal.width;
    for (const e of figure.querySelectorAll("text")) {
      const size = parseFloat(getComputedStyle(e).fontSize) * scale;
      if (size < 8.95) {
        found.push(["lettering of " + size.toFixed(1) + " px", e.textContent]);
        break;
      }
    }
  }
  return found;
})()"""

#: tables and formulas that one must push sideways in their box; tables are stacked in the frame
#: after their first one
SCROLLS = """(async () => {
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  const found = [];
  for (const e of document.querySelectorAll("main *"))
    if (["auto", "scroll"].includes(getComputedStyle(e).overflowX)
        && e.scrollWidth > e.clientWidth + 1
        && (e.matches(".math") || e.querySelector("table")))
      found.push(e.textContent.trim().replace(/\\s+/g, " ").slice(0, 60));
  return found;
})()"""


def test_the_browser_notices_a_foreign_host_and_a_page_that_is_too_wide(
    browser: Browser, tmp_path: Path
) -> None:
    script = "<script>fetch('http://127.0.0.1:9/' + 'x').catch(() => 0)</script>"
    page = (
        write(tmp_path, a__html=f"<main><p style='width: 3000px'>wide</p></main>{script}")
        / "a.html"
    )
    browser.open(page)
    assert [sent["request"]["url"] for sent in browser.seen("Network.requestWillBeSent")][1:] == [
        "http://127.0.0.1:9/x"
    ]
    assert browser.evaluate(STICKS_OUT) == ["p.: wide"]


def test_a_wide_table_is_stacked_with_its_heads_and_a_narrow_one_is_left(
    browser: Browser, tmp_path: Path
) -> None:
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=375,
        height=800,
        deviceScaleFactor=1,
        mobile=False,
    )
    body = "<tr><th rowspan=2>a</th><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>"
    body += "<tr><th>b</th><td></td><td>5</td></tr>"
    table = f"<table><thead>{{}}</thead><tbody>{body}</tbody></table>"
    heads = "<tr><th></th><th>narrow</th><th>WIDE</th></tr>"
    boxes = [
        f"<div style='overflow-x: auto'>{table.format(heads.replace('WIDE', 'w' * n))}</div>"
        for n in (4, 400)
    ]
    script = (Path(__file__).parents[1] / "book" / "_static" / "prudent.js").read_text(
        encoding="utf-8"
    )
    page = (
        write(tmp_path, b__html=f"<script>{script}</script><main>{''.join(boxes)}</main>")
        / "b.html"
    )
    browser.open(page)
    assert browser.evaluate(SCROLLS) == [
        f"narrow{'w' * 400}a1234b5"[:60]
    ]  # stacked in name only: no style sheet here
    assert browser.evaluate("[...document.querySelectorAll('table')].map(t => t.className)") == [
        "",
        "stacked",
    ]
    heads_of = "[...document.querySelectorAll('td')].map(cell => cell.dataset.head)"
    assert browser.evaluate(heads_of) == ["narrow", "wwww"] * 3 + ["narrow", "w" * 400] * 3
    empty = "[...document.querySelectorAll('td.nothing')].map(cell => cell.dataset.head)"
    assert browser.evaluate(empty) == ["narrow", "narrow"]


def test_a_page_leads_to_the_same_page_of_other_plans_and_to_the_first_of_other_versions(
    browser: Browser, tmp_path: Path
) -> None:
    script = (Path(__file__).parents[1] / "book" / "_static" / "prudent.js").read_text("utf-8")
    books = {
        "html": ("Ours", "2.0"),
        "plan-b-1a/html": ("Theirs", "2.0"),
        "1.0/html": ("Ours", "1.0"),
    }
    for place, (plan, version) in books.items():
        site = tmp_path / place
        (site / "_static").mkdir(parents=True)
        (site / "part").mkdir()
        made = {"made_from": {"plan": plan, "version": version}}
        (site / "evidence.json").write_text(json.dumps(made), encoding="utf-8")
        page = (
            '<html data-content_root="../"><script src="../_static/editions.js"></script>'
            f"<script>{script}</script><p class='provenance'></p>"
        )
        write(site, index__html="")
        write(site / "part", a__html=page)
    build.name_editions(tmp_path)
    browser.open(tmp_path / "html" / "part" / "a.html")
    links = browser.evaluate(
        "[...document.querySelectorAll('a')].map(a => [a.textContent, a.href])"
    )
    led = {name: Path(urllib.request.url2pathname(urlsplit(to).path)) for name, to in links}
    assert led == {
        "Ours, version 1.0": tmp_path / "1.0" / "html" / "index.html",
        "Theirs": tmp_path / "plan-b-1a" / "html" / "part" / "a.html",
    }
    assert all(path.is_file() for path in led.values())


def test_a_page_that_is_dark_is_printed_light(browser: Browser, tmp_path: Path) -> None:
    script = (Path(__file__).parents[1] / "book" / "_static" / "prudent.js").read_text("utf-8")
    body = f"<html data-theme='dark'><script>{script}</script><details>folded</details>"
    browser.open(write(tmp_path, p__html=body) / "p.html")
    seen = "[document.documentElement.dataset.theme, document.querySelector('details').open]"
    said = {}
    for event in ("beforeprint", "afterprint"):
        browser.evaluate(f"dispatchEvent(new Event('{event}'))")
        said[event] = browser.evaluate(seen)
    assert said == {"beforeprint": ["light", True], "afterprint": ["dark", False]}


def test_a_long_table_is_divided_between_sheets_and_a_short_one_is_not(
    browser: Browser, tmp_path: Path
) -> None:
    style = (Path(__file__).parents[1] / "book" / "_static" / "prudent.css").read_text("utf-8")
    theme = ".bd-main .bd-content table { break-inside: avoid }"
    row = "<tr><td>1</td></tr>"
    tables = "".join(
        f"<table class='{kind}'><tbody>{row * rows}</tbody></table>"
        for kind, rows in (("dataframe", 4), ("dataframe", 40), ("ledger", 4))
    )
    body = f"<style>{theme}</style><style>{style}</style>"
    body += f"<div class='bd-main'><div class='bd-content'>{tables}</div></div>"
    browser.open(write(tmp_path, t__html=body) / "t.html")
    browser.ask("Emulation.setEmulatedMedia", media="print")
    said = browser.evaluate(
        "[...document.querySelectorAll('table')].map(t => getComputedStyle(t).breakInside)"
    )
    browser.ask("Emulation.setEmulatedMedia", media="")
    assert said == ["avoid", "auto", "auto"]


def of_the_book(path: Path) -> bool:
    """Whether this is a page, and no template of the theme's, nor the redirection."""
    return path.parent != SITE / "_static" and path != SITE / "index.html"


def looked_at(path: Path) -> bool:
    """Whether it is opened at the width of a phone: of the pages that one program makes all alike,
    some."""
    alike = [SITE / "source", SITE / "book" / "requirements"]
    sampled = any(folder in path.parents for folder in alike)
    return of_the_book(path) and not (sampled and hash_of(path) % 12)


def hash_of(path: Path) -> int:
    return int(hashlib.sha256(path.relative_to(SITE).as_posix().encode()).hexdigest(), 16)


#: What axe-core looks for: the Web Content Accessibility Guidelines 2.2, levels A and AA. Of code
#: one piece of each colour is looked at, the rest of it as text; of rows, entries and paragraphs
#: that lie in one box and are made of the same, the first three, unless all is asked for.
AXE = """(async (theme, open, all) => {
  document.documentElement.dataset.theme = theme;
  for (const fold of document.querySelectorAll("details")) fold.open = open;
  for (const change of document.getAnimations()) change.finish();  // no colour half way
  const colours = new Set();
  for (const piece of document.querySelectorAll("pre span:not(a span)"))
    if (colours.has(piece.className)) piece.replaceWith(...piece.childNodes);
    else colours.add(piece.className);
  const name = e => [e.tagName, ...e.getAttributeNames().sort(), e.getAttribute("style"),
                     (e.getAttribute("class") ?? "").replace(/\\d+/g, "")].join(" ");
  const inside = e => [e, ...e.querySelectorAll(":not(svg *, math *)")];
  const kind = e => [...new Set(inside(e).map(name))].sort().join();
  const thin = box => {
    const seen = {};
    for (const part of [...box.children]) {
      const of = kind(part);
      if ((seen[of] = (seen[of] ?? 0) + 1) > 3) part.remove();
      else if (!part.matches("svg, math")) thin(part);
    }
  };
  if (!all) thin(document.body);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const said = await axe.run({exclude: [["svg"], ["math"]]}, {
    runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  return said.violations.map(v => [
    v.id, v.nodes.length, v.nodes[0].target.join(" "), v.nodes[0].html.slice(0, 120)].join(": "));
})"""


WHOLE = bool(os.environ.get("PRUDENT_ALL"))
#: Theme, and whether everything is open.
LOOKS = [("light", "false"), ("dark", "true")]
LOOKS += [("light", "true"), ("dark", "false")] * WHOLE


def structure(text: str) -> set[tuple[str, str, str]]:
    """What a page is made of: each element with its classes and its role. Without text, numbers and
    what is inside a picture."""
    text = re.sub(r"(?s)(<(svg|math)\b[^>]*>).*?</\2>", r"\1</\2>", text)

    def of_code(code: re.Match[str]) -> str:
        pieces = sorted(set(re.findall(r'<span class="[^"]*">', code[2])))
        return code[1] + "".join(f"{piece}</span>" for piece in pieces) + "</pre>"

    root = etree.HTML(
        re.sub(r"(?s)(<pre\b[^>]*>)(.*?)</pre>", of_code, text),
        etree.HTMLParser(remove_comments=True, huge_tree=True),
    )
    parts = {(e.tag, e.get("class", ""), e.get("role", "")) for e in root.iter(etree.Element)}
    return {
        (tag, re.sub(r"\d+", "", " ".join(sorted(classes.split()))), role)
        for tag, classes, role in parts
    }


def of_each_kind(pages: Iterable[Path]) -> list[Path]:
    """Pages that hold, between them, whatever any of them is made of: small ones, since looking at
    a page takes as long as it has elements."""
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    made_of = {page: structure(text) for page, text in texts.items()}
    size = {page: text.count("<") + 1000 for page, text in texts.items()}
    left, chosen = set[tuple[str, str, str]]().union(*made_of.values()), []
    while left:
        chosen.append(max(made_of, key=lambda page: (len(made_of[page] & left) / size[page], page)))
        left -= made_of[chosen[-1]]
    for page in sorted(chosen, key=size.__getitem__, reverse=True):
        others = [made_of[other] for other in chosen if other != page]
        if made_of[page] <= set[tuple[str, str, str]]().union(*others):
            chosen.remove(page)
    return chosen


def test_pages_of_each_kind_hold_whatever_any_page_is_made_of(tmp_path: Path) -> None:
    pages = {
        "a": '<p class="x">1</p><pre><span class="k">a</span><span class="k">b</span></pre>',
        "b": "<p class='x'>2</p>",
        "c": "<p class='x'>3</p><ul><li class='row7'>4</li></ul><br><p>5</p>",
        "d": "<ul><li class='row8'>6</li></ul><svg><p class='z'>7</p></svg>",
    }
    write(tmp_path, **{f"{name}__html": text for name, text in pages.items()})
    chosen = of_each_kind(sorted(tmp_path.glob("*.html")))
    assert [page.stem for page in chosen] == ["c", "a", "d"]


def test_axe_sees_the_first_three_alike_and_whatever_is_made_otherwise(
    browser: Browser, tmp_path: Path
) -> None:
    rows = "<p class='row1'><img src='data:,' alt='x'></p>" * 4
    site = write(tmp_path, few__html=f"<main>{rows}<p><img src='data:,'></p></main>")
    axe = (Path(__file__).parent / "vendored" / "axe.min.js").read_text(encoding="utf-8")
    left = {}
    for all_of_it in ("false", "true"):
        browser.open(site / "few.html")
        browser.evaluate(f"{axe}; 0")
        found = browser.evaluate(f'{AXE}("light", false, {all_of_it})')
        assert any(fault.startswith("image-alt: 1: ") for fault in found)
        left[all_of_it] = browser.evaluate("document.querySelectorAll('img').length")
    assert left == {"false": 4, "true": 5}


@built
@pytest.mark.parametrize(("theme", "opened"), LOOKS)
def test_axe_finds_nothing_of_the_levels_a_and_aa(
    browser: Browser, theme: str, opened: str
) -> None:
    """Of all pages those that hold whatever any is made of, or with PRUDENT_ALL all of them."""
    axe = (Path(__file__).parent / "vendored" / "axe.min.js").read_text(encoding="utf-8")
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=1400,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    faults = []
    pages = [page for page in sorted(SITE.rglob("*.html")) if of_the_book(page)]
    for path in pages if WHOLE else of_each_kind(pages):
        browser.open(path)
        browser.evaluate(f"{axe}; 0")
        found = browser.evaluate(f'{AXE}("{theme}", {opened}, {json.dumps(WHOLE)})')
        faults += [f"{path.relative_to(SITE).as_posix()}: {what}" for what in found]
    assert not faults, "\n".join(faults)


#: What somebody types, and the page that is about it.
ASKED = {
    "fees": "plan_menu",
    "who signs": "governance",
    "what is shrinkage": "shrinkage",
    "glide path": "glidepaths",
    "RMD": "retirement_income",
    "inflation": "capital_market_assumptions",
    "target date fund": "glidepaths",
    "how much stock": "reader",
}


@built
def test_the_search_finds_first_what_is_about_the_thing_and_works_from_a_file(
    browser: Browser,
) -> None:
    browser.open(SITE / "search.html")
    first = {asked: browser.evaluate(f"bookSearch({json.dumps(asked)})") for asked in ASKED}
    assert {asked: Path(pages[0]).name for asked, pages in first.items()} == ASKED
    browser.ask("Page.navigate", url=(SITE / "search.html").as_uri() + "?q=fees")
    shown = "document.querySelector('#search-results li p')?.textContent ?? ''"
    for _ in range(50):
        if said := browser.evaluate(shown):
            break
        time.sleep(0.1)
    assert "fee" in said.lower() or "expense" in said.lower()
    code = browser.evaluate("BOOK.sections.filter(s => s[3].includes('evidence.claim(')).length")
    assert code == 0


@built
def test_a_chapter_weighs_less_than_two_megabytes(browser: Browser) -> None:
    heavy = []
    for path in sorted((SITE / "notebooks").rglob("*.html")):
        browser.open(path)
        files = {sent["request"]["url"] for sent in browser.seen("Network.requestWillBeSent")}
        weight = sum(
            Path(urllib.request.url2pathname(urlsplit(url).path)).stat().st_size
            for url in files
            if url.startswith("file:")
        )
        if weight > 2e6:
            heavy.append(f"{path.name}: {weight / 1e6:.1f} MB")
    assert not heavy


@built
def test_code_is_folded_until_one_asks_and_the_wish_is_remembered(browser: Browser) -> None:
    page = next((SITE / "notebooks").rglob("glidepaths.html"))
    closed = "[...document.querySelectorAll('details.code')].every(d => !d.open)"
    browser.open(page)
    browser.evaluate("localStorage.removeItem('prudent-code')")
    browser.open(page)
    assert browser.evaluate(closed)
    assert "evidence.claim(" not in browser.evaluate("document.querySelector('main').innerText")
    browser.evaluate("document.querySelector('.code-switch').click()")
    browser.open(page)
    assert browser.evaluate("[...document.querySelectorAll('details.code')].every(d => d.open)")
    assert browser.evaluate("document.querySelector('.code-switch').textContent") == "Hide the code"
    browser.evaluate("document.querySelector('.code-switch').click()")


@built
def test_no_page_asks_another_host_or_scrolls_sideways_on_a_phone(browser: Browser) -> None:
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=390,
        height=844,
        deviceScaleFactor=1,
        mobile=True,
    )
    faults = []
    for path in sorted(SITE.rglob("*.html")):
        if not looked_at(path):
            continue
        browser.open(path)
        name = path.relative_to(SITE).as_posix()
        urls = [sent["request"]["url"] for sent in browser.seen("Network.requestWillBeSent")]
        faults += [
            f"{name} asks {url}" for url in urls if not url.startswith(("file:", "data:", "blob:"))
        ]
        faults += [
            f"{name} is too wide for a phone: {what}" for what in browser.evaluate(STICKS_OUT)
        ]
        faults += [
            f"{name} must be pushed sideways on a phone: {what}"
            for what in browser.evaluate(SCROLLS)
        ]
        thrown = [
            event["exceptionDetails"]["text"] for event in browser.seen("Runtime.exceptionThrown")
        ]
        faults += [f"{name}: {text}" for text in thrown]
        for what, broken in browser.evaluate(UNFIT):
            faults.append(f"{name}: {what}: {broken}")
    assert not faults, "\n".join(faults)


@built
def test_a_browser_that_never_answers_is_asked_once_more_in_another(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what it was told to emulate."""
    size = {"width": 400, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    browser.ask("Emulation.setDeviceMetricsOverride", **size)
    load, asked = Browser._load, []

    def hanging(self: Browser, page: Path) -> None:
        asked.append(self.process.pid)
        if len(asked) == 1:
            raise self.websocket.WebSocketTimeoutException
        load(self, page)

    monkeypatch.setattr(Browser, "_load", hanging)
    browser.open(SITE / "search.html")
    assert len(set(asked)) == 2
    assert browser.evaluate("document.title").startswith("Search")
    assert browser.evaluate("innerWidth") == 400
