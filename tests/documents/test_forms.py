"""The forms: every one of the book's, filled in where the plan knows, and to edit."""

from __future__ import annotations

import time
from pathlib import Path

import docx
import pytest

from portlib import plan
from portlib.documents import forms, run
from portlib.documents.document import Document, Form, Signatures, runs
from portlib.documents.typesetting import pdf
from tests.documents.unrun import DAY, ROOT


@pytest.fixture(scope="module")
def made(ours: plan.Plan, book: run.Run) -> dict[str, Document]:
    return {one.name.removeprefix("forms/"): one for one in forms.forms(ours, book, made=DAY)}


def fields(document: Document) -> Form:
    (form,) = [block for block in document.body if isinstance(block, Form)]
    return form


def test_every_form_of_the_book_is_made_with_all_its_fields(made: dict[str, Document]) -> None:
    folder = ROOT / "book" / "forms"
    assert set(made) == {path.stem for path in folder.glob("*.md")} - {"index"}
    for name, document in made.items():
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        assert len(fields(document).fields) == text.count("\n* - ") - 1
        signed = [b for b in document.body if isinstance(b, Signatures)]
        assert len(signed[0].roles) == text.count("**Signed by**")
        assert pdf(document).startswith(b"%PDF")


def test_what_the_plan_knows_is_filled_in_and_the_rest_is_empty(
    made: dict[str, Document], ours: plan.Plan
) -> None:
    for name, document in made.items():
        known = forms.KNOWN.get(name, {})
        for n, (_, entry) in enumerate(fields(document).fields, start=1):
            assert bool(entry) == (n in known), (name, n)
    default = fields(made["default_notice"]).fields[2][1]
    fund = ours.rules["default"]
    assert f"{float(ours.funds.loc[fund, 'expense_ratio']):.2%}" in default


def test_no_code_of_a_fund_is_shown(made: dict[str, Document], ours: plan.Plan) -> None:
    entries = " ".join(entry for d in made.values() for _, entry in fields(d).fields)
    labels = " ".join(ours.funds["label"])
    assert not [f for f in map(str, ours.funds.index) if f in entries and f not in labels]


def test_the_same_to_edit(made: dict[str, Document], tmp_path: Path) -> None:
    for name in made:
        file = tmp_path / f"{name}.docx"
        forms.docx(made[name], file)
        read = docx.Document(str(file))
        (table,) = read.tables
        assert len(table.rows) == len(fields(made[name]).fields) + 1
        assert read.core_properties.title == made[name].title
        assert read.core_properties.language == "en-US"
        assert read.paragraphs[0].style.name == "Heading 1"
        first, *rest = (row._tr.xml for row in table.rows)
        assert "w:tblHeader" in first
        assert all("w:cantSplit" in row for row in rest), "a row that a page may cut in two"
        said = "\n".join(p.text for p in read.paragraphs)
        assert made[name].plan in said
        assert made[name].origin in said, "what is invented says so"
        rows = [[cell.text for cell in row.cells] for row in table.rows[1:]]
        for (asked, entry), row in zip(fields(made[name]).fields, rows, strict=True):
            assert row == ["".join(word for _, word in runs(words)) for words in (asked, entry)]


def test_the_same_form_to_edit_is_the_same_bytes_whenever_it_is_made(
    made: dict[str, Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for when in (1.7e9, 1.8e9):  # the archive in which a .docx is kept would bear this time
        monkeypatch.setattr(time, "time", lambda when=when: when)
        forms.docx(made["minutes"], tmp_path / "minutes.docx")
        written.append((tmp_path / "minutes.docx").read_bytes())
    assert written[0] == written[1]
