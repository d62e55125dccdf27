"""A chapter in JupyterLab: prose shows the numbers its cells told, and no markup of the page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_site import CHROMIUM, Browser

ROOT = Path(__file__).parents[1]
EXTENSION = ROOT / "tools" / "lab" / "prudent-prose"
CHAPTERS = sorted((ROOT / "notebooks").glob("*/*.md"))


@pytest.fixture(scope="module")
def prose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Calls a function of the extension in a browser."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: the extension is not run")
    folder = tmp_path_factory.mktemp("lab")
    build = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))["jupyterlab"]
    script = (EXTENSION / build["_build"]["load"]).read_text(encoding="utf-8")
    (folder / "lab.html").write_text(f"<script>{script}</script>", encoding="utf-8")
    browser = Browser(folder / "chromium")
    browser.open(folder / "lab.html")
    yield lambda call: browser.evaluate(f"_JUPYTERLAB['prudent-prose'].{call}")
    browser.close()


def prose_of(path: Path) -> str:
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"^```\{code-cell\}.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def test_no_markup_of_the_page_is_left(prose: Any) -> None:
    left = {}
    for path in CHAPTERS:
        said = prose(f"plain({json.dumps(prose_of(path))}, new Map())")
        if found := re.findall(
            r"\{[a-z:]+\}`|^[`:]{3,}\{.*|^:class:.*|^\([\w-]+\)=", said, re.MULTILINE
        ):
            left[path.name] = found
    assert not left


def test_numbers_are_written_as_on_the_page(prose: Any) -> None:
    """Every format that a chapter uses, on numbers of every size, as Python writes it."""
    used = {
        spec
        for path in CHAPTERS
        for spec in re.findall(r"\{glue:text\}`[^`:]+:([^`]*)`", path.read_text(encoding="utf-8"))
    }
    numbers = (0.0, 0.0123456, -0.31, 3.14159, 1234.5678, -98765.4321, 1e-12)
    cases = [(spec, x) for spec in sorted(used) for x in numbers]
    cases = [(spec, round(x) if spec.endswith("d") else x) for spec, x in cases]
    asked = json.dumps([[spec, str(x)] for spec, x in cases])
    said = prose(f"format && {asked}.map(([s, x]) => _JUPYTERLAB['prudent-prose'].format(x, s))")
    wrong = [
        (spec, x, got, format(x, spec))
        for (spec, x), got in zip(cases, said, strict=True)
        if got.removeprefix("-").removeprefix("+") != format(x, spec).lstrip("+-")
        or (got[:1] == "-" and x >= 0)
    ]
    assert used and not wrong


def test_a_number_is_told_and_links_lead_to_the_chapter(prose: Any) -> None:
    text = (
        "{glue:text}`rate:.1%` of {glue:text}`who`, {glue:text}`late:d`; {doc}`../part/plan_menu`, "
        "{doc}`here <mandate>`, {term}`mandates <Mandate>`, {cite:p}`DeMiguelEtAl2009,Sharpe1992`, "
        "{cite:t}`ChopraZiemba1993`"
    )
    told = 'new Map([["rate", "0.123"], ["who", "A & B"]])'
    assert prose(f"plain({json.dumps(text)}, {told})") == (
        "12.3% of A & B, [late]; [Plan menu](../part/plan_menu.md), [here](mandate.md), mandates, "
        "(DeMiguel et al. 2009; Sharpe 1992), Chopra, Ziemba (1993)"
    )
