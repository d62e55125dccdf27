"""The whole book as one PDF: in the order of its contents, with an outline; where Chromium is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pypdf
import pytest

from tools import whole_book

CONTENTS = {
    "root": "book/index",
    "parts": [
        {"caption": "First part", "chapters": [{"file": "a"}, {"file": "b"}]},
        {"caption": "Second part", "chapters": [{"file": "c", "sections": [{"file": "d"}]}]},
    ],
}
PAGES = [
    ("", "book/index"),
    ("First part", "a"),
    ("First part", "b"),
    ("Second part", "c"),
    ("Second part", "d"),
]


def site(folder: Path) -> Path:
    for _, name in PAGES:
        page = folder / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        title = f"Page {name.rsplit('/', 1)[-1]}"
        page.write_text(
            f"<!DOCTYPE html><html lang='en'><title>{title} — Book</title><h1>{title}</h1>",
            encoding="utf-8",
        )
    return folder


def test_pages_come_in_the_order_of_the_contents_under_their_part() -> None:
    assert list(whole_book.pages(CONTENTS)) == PAGES


@pytest.mark.skipif(
    not any(map(shutil.which, whole_book.BROWSERS)), reason="no Chromium here to print with"
)
def test_every_page_is_printed_and_in_the_outline(tmp_path: Path) -> None:
    target = tmp_path / "book.pdf"
    assert whole_book.write(site(tmp_path / "site"), CONTENTS, target) == len(PAGES)
    read = pypdf.PdfReader(target)
    said = [page.extract_text().strip() for page in read.pages]
    assert said == ["Page index", "Page a", "Page b", "Page c", "Page d"]
    first, part, under, *_ = read.outline
    assert (first["/Title"], part["/Title"]) == ("Page index", "First part")
    assert [item["/Title"] for item in under] == ["Page a", "Page b"]


@pytest.mark.skipif(
    not any(map(shutil.which, whole_book.BROWSERS)), reason="no Chromium here to print with"
)
def test_a_page_that_is_not_there_stops_it_and_leaves_nothing(tmp_path: Path) -> None:
    folder = site(tmp_path / "site")
    (folder / "c.html").unlink()
    with pytest.raises(whole_book.NotPrinted, match=r"c\.html: is not there"):
        whole_book.write(folder, CONTENTS, tmp_path / "book.pdf")
    assert not (tmp_path / "book.pdf").exists()


def test_without_a_browser_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(whole_book.NotPrinted, match="needs one of chromium"):
        whole_book.write(tmp_path, CONTENTS, tmp_path / "book.pdf")
