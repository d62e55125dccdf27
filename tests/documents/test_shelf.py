"""Documents in a folder, from the shell and beside a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from portlib import plan
from portlib.__main__ import main
from portlib.data import DataError
from portlib.documents import run, shelf
from tests.documents.unrun import DAY, MADE_FROM, PLANS


def test_what_quotes_the_run_is_refused_without_one(ours: plan.Plan) -> None:
    assert "brief" not in shelf.possible(None)
    with pytest.raises(DataError, match="make book first"):
        list(shelf.make(["brief"], ours, None, made=DAY, made_from=MADE_FROM))
    with pytest.raises(DataError, match="no document 'breif'"):
        list(shelf.make(["breif"], ours, None, made=DAY, made_from=MADE_FROM))


def test_files_and_their_figures_come_into_the_folder(
    ours: plan.Plan, book: run.Run, tmp_path: Path
) -> None:
    made = list(shelf.make(["brief", "forms"], ours, book, made=DAY, made_from=MADE_FROM))
    files = list(shelf.write(made, tmp_path))
    assert all(file.stat().st_size > 5_000 for file in files)
    assert (tmp_path / "committee_brief.pdf").is_file()
    assert (tmp_path / "forms" / "minutes.docx").is_file()
    drawn = {path.name for path in (tmp_path / "figures" / "committee_brief").glob("*.svg")}
    assert "plan_menu_cost.svg" in drawn


def test_the_shell_writes_documents_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = str(PLANS["awkward"]), str(tmp_path / "out")
    assert main(["report", "policy", "--plan", folder, "--out", out]) == 0
    assert main(["dossier", "BONDFD", "--plan", folder, "--out", out]) == 0
    said = capsys.readouterr().out.split()
    assert [Path(line).name for line in said] == [
        "investment_policy_statement.pdf",
        "dossier_bondfd.pdf",
    ]
    assert all(Path(line).is_file() for line in said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report"], "needs --plan"),
        (["report", "brief", "--plan", str(PLANS["awkward"])], "make book first"),
        (["report", "policy", "--universe", "x"], "allocation report alone"),
        (["dossier", "NONE", "--plan", str(PLANS["awkward"])], "offers no 'NONE'"),
    ],
)
def test_the_shell_refuses_in_words(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
