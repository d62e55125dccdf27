"""The one run, tried on a book of a few lines: what it publishes, and what keeps it from
publishing."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
import yaml

from portlib import evidence, figures
from tools import build, processes

ROOT = Path(__file__).parents[1]
FRONT = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
CHAPTER = (
    FRONT
    + """# The first chapter

Its number is {glue:text}`half:.1%`; see [the matrix](../../book/matrix.md).

```{admonition} Before you read
- Nothing.
```

```{code-cell} ipython3
from portlib.evidence import Chapter
evidence = Chapter("first", prefix="FI")
```

```{code-cell} ipython3
evidence.claim("FI-01", "A half is a half.", measured=0.5 - 1 / 2, at_most=1e-12, unit="one",
               by="identity", answers=["CM-01", "CM-03"], cannot_show="that halves matter",
               worst=True)
```

```{code-cell} ipython3
evidence.tell(half=0.5)
evidence.table()
```
"""
)
SILENT = FRONT + "# A chapter without checks\n\n```{code-cell} ipython3\n1 + 1\n```\n"


def as_stray(text: str) -> str:
    """Of another chapter, whose claim answers what no requirement asks."""
    return text.replace('"first"', '"stray"').replace("FI", "ST").replace("CM-01", "CM-99")


STRAY = as_stray(CHAPTER)
REQUIREMENTS = [
    {"id": "CM-01", "kind": "executed", "status": "statute", "requirement": "Halves are halves."},
    {
        "id": "CM-02",
        "kind": "documented",
        "section": "book/index#why",
        "status": "PROPOSED rule",
        "requirement": "Why",
    },
    {
        "id": "CM-03",
        "kind": "in part",
        "note": "whether they fit",
        "status": "statute",
        "requirement": "Halves fit.",
        "paragraph": '(a): "halves that fit"',
        "url": "https://example.org/law#a",
        "inference": "that somebody looked",
    },
]


def page_tree(folder: Path) -> dict[str, str]:
    """Every file of a folder with its hash."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def stand_in(root: Path) -> Path:
    """A book of one chapter, with this project's own build, extension and configuration."""
    shutil.copytree(
        ROOT / "book" / "_ext", root / "book" / "_ext", ignore=shutil.ignore_patterns("__pycache__")
    )
    for folder in ("_static", "_templates"):
        shutil.copytree(ROOT / "book" / folder, root / "book" / folder)
    for name in ("_config.yml", "requirements.lock"):
        shutil.copy2(ROOT / name, root / name)
    shared = {
        "citation": "a law",
        "applies_to": "everyone",
        "confidence": "text read",
        "checked": "2026-10",
    }
    text = {
        "_toc.yml": "format: jb-book\nroot: book/index\nchapters:\n"
        "  - file: notebooks/construction/first\n  - file: book/matrix\n",
        "book/index.md": "# A book\n\n## Why\n\n"
        "Begin with [the chapter](../notebooks/construction/first.md).\n",
        "book/matrix.md": "# Matrix\n\n```{requirements-matrix}\n```\n\n"
        "```{evidence-register}\n```\n\n"
        "[evidence.json](../evidence.json)\n",
        "book/references.bib": "",
        "book/requirements.yml": yaml.safe_dump([{**shared, **entry} for entry in REQUIREMENTS]),
        "notebooks/construction/first.md": CHAPTER,
        "tests/construction/test_first.py": '"""Its tests."""\n',
    }
    for name, content in text.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return root


def add_chapter(root: Path, name: str, text: str) -> None:
    (root / "notebooks" / "construction" / f"{name}.md").write_text(text, encoding="utf-8")
    with (root / "_toc.yml").open("a", encoding="utf-8") as toc:
        toc.write(f"  - file: notebooks/construction/{name}\n")


def run(root: Path, *arguments: str) -> tuple[int, str, str]:
    """A run in this process: its status, and what it says itself."""
    said, faults = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(faults):
        status = build.main([*arguments, "--root", str(root)])
    return status, said.getvalue(), faults.getvalue()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = stand_in(tmp_path_factory.mktemp("published"))
    status, said, faults = run(root, "book")
    assert status == 0, said + faults
    assert said.rstrip().endswith(str(root / "_build" / "html" / "index.html"))
    return root


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    """The published book, free to be broken."""
    return shutil.copytree(published, tmp_path / "copy", ignore=shutil.ignore_patterns(".run"))


@pytest.fixture
def executed(published: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No kernel: the outputs that the published chapter's cells left, under the names and numbers
    of whichever chapter repeats these cells; those executed so, by name."""
    kept = published / ".run" / "book" / "notebooks" / "construction" / "first.ipynb"
    whole = json.loads(kept.read_text(encoding="utf-8"))["cells"]
    cells = [cell for cell in whole if cell["cell_type"] == "code"]
    names = []

    def execute(root: Path, staging: Path, notebooks: list[Path], plan: Path | None) -> None:
        for path in notebooks:
            names.append(path.stem)
            fresh = json.loads(path.read_text(encoding="utf-8"))
            mine = [cell for cell in fresh["cells"] if cell["cell_type"] == "code"]
            text = (root / path.relative_to(staging)).with_suffix(".md").read_text("utf-8")
            for cell, old in zip(mine, cells, strict=False):
                outputs = json.dumps(old["outputs"]) if text != SILENT else "[]"
                cell["outputs"] = json.loads(as_stray(outputs) if text == STRAY else outputs)
                cell["execution_count"], cell["metadata"] = old["execution_count"], old["metadata"]
            path.write_text(json.dumps(fresh), encoding="utf-8")

    monkeypatch.setattr(build, "execute", execute)
    return names


def test_a_sound_book_is_published_with_its_evidence(published: Path) -> None:
    site = published / "_build" / "html"
    register = json.loads((site / "evidence.json").read_text(encoding="utf-8"))
    (claim,) = register["chapters"]["first"]["claims"]
    assert (claim["id"], claim["measured"], claim["bound"], claim["holds"]) == (
        "FI-01",
        0.0,
        1e-12,
        True,
    )
    assert register["chapters"]["first"]["numbers"] == {"half": 0.5}
    assert (
        register["made_from"]["lock"]
        == hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()[:10]
    )
    with (site / "evidence.csv").open(encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["FI-01"]


def test_a_chapter_shows_its_number_and_where_it_comes_from(published: Path) -> None:
    page = (published / "_build" / "html" / "notebooks" / "construction" / "first.html").read_text(
        encoding="utf-8"
    )
    assert "50.0%" in page
    assert "checks passed 1/1" in page
    assert re.search(r"executed \d{4}-\d\d-\d\d \d\d:\d\d UTC", page)
    for target in (
        "../../notebooks/construction/first.ipynb",
        "../../source/tests/construction/test_first.html",
    ):
        assert f"href='{target}'" in page


def test_what_limits_a_chapter_most_stands_before_it_begins(published: Path) -> None:
    page = (published / "_build" / "html" / "notebooks" / "construction" / "first.html").read_text(
        encoding="utf-8"
    )
    box, before = page.index("What limits this most"), page.index("Before you read")
    assert box < before
    assert "A half is a half." in page[box:before]
    assert "It cannot show that halves matter." in page[box:before]


def test_the_matrix_tells_executed_from_documented_and_leads_to_a_page_each(
    published: Path,
) -> None:
    site = published / "_build" / "html" / "book"
    page = (site / "matrix.html").read_text(encoding="utf-8")
    executed, documented = page.index("id='cm-01'"), page.index("id='cm-02'")
    assert "href='../notebooks/construction/first.html#FI-01'" in page[executed:documented]
    assert "PROPOSED rule" in page[documented:]
    assert "<b>1</b> executed" in page
    assert "<b>1</b> in part" in page
    assert "<b>0</b> open" in page
    case = (site / "requirements" / "cm-01.html").read_text(encoding="utf-8")
    assert "measured 0 (at most 1e-12) one. It cannot show that halves matter." in case
    assert "href='../../notebooks/construction/first.html#FI-01'" in case
    section = (site / "requirements" / "cm-02.html").read_text(encoding="utf-8")
    assert "href='../../book/index.html#why'" in section
    part = (site / "requirements" / "cm-03.html").read_text(encoding="utf-8")
    assert "Missing: whether they fit" in part
    assert "the text does not say: that somebody looked" in part
    assert "href='https://example.org/law#a'" in part


def test_the_register_says_what_its_columns_mean_and_where_each_row_is_from(
    published: Path,
) -> None:
    site = published / "_build" / "html"
    sheets = {}
    for name in ("evidence", "matrix", "columns"):
        with (site / f"{name}.csv").open(encoding="utf-8") as file:
            sheets[name] = list(csv.DictReader(file))
    (claim,) = sheets["evidence"]
    assert (claim["low"], claim["high"], claim["unit"]) == ("", "1e-12", "one")
    assert claim["answers"] == "CM-01; CM-03"
    assert claim["citations"] == "a law | a law"
    assert (site / claim["page"].split("#")[0]).is_file()
    assert claim["commit"] and claim["plan"] and claim["executed"]
    assert [row["lead"] for row in sheets["matrix"]] == ["FI-01", "", "FI-01"]
    explained = {(row["table"], row["column"]) for row in sheets["columns"]}
    for name in ("evidence", "matrix"):
        assert {(name, column) for column in sheets[name][0]} <= explained
    assert (site / "evidence.xlsx").stat().st_size > 1000


def test_a_claim_that_fails_publishes_nothing_and_is_named(copy: Path) -> None:
    before = page_tree(copy / "_build" / "html")
    chapter = copy / "notebooks" / "construction" / "first.md"
    chapter.write_text(CHAPTER.replace("1 / 2", "1 / 3"), encoding="utf-8")
    status, _, faults = run(copy, "book")
    assert status == 1
    assert re.search(
        r"notebooks/construction/first\.md:\d+: cell 2: ClaimFailed: FI-01 does not hold", faults
    )
    assert "nothing was published" in faults
    assert page_tree(copy / "_build" / "html") == before


def test_evidence_with_gaps_is_refused_by_name(executed: list[str], tmp_path: Path) -> None:
    root = stand_in(tmp_path)
    (root / "notebooks" / "construction" / "first.md").unlink()
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n", encoding="utf-8"
    )
    add_chapter(root, "silent", SILENT)
    add_chapter(root, "stray", STRAY)
    status, _, faults = run(root, "test")
    assert (status, executed) == (1, ["silent", "stray"])
    assert "chapter silent makes no claim" in faults
    assert "claim ST-01 answers CM-99, which is no requirement" in faults
    assert "requirement CM-01 is called executed but no passing check answers it" in faults


def test_a_page_that_cannot_be_rendered_without_a_warning_publishes_nothing(
    copy: Path, executed: list[str]
) -> None:
    before = page_tree(copy / "_build" / "html")
    with (copy / "book" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\nSee {doc}`nowhere`.\n")
    status, _, faults = run(copy, "book")
    assert (status, executed) == (1, ["first"])
    assert f"{copy}/book/index.md:7: WARNING: unknown document: 'nowhere'" in faults
    assert page_tree(copy / "_build" / "html") == before


def test_plain_jupyter_book_makes_the_same_evidence_and_does_not_outlive_a_change(
    copy: Path,
) -> None:
    shutil.rmtree(copy / "_build")
    program = Path(sys.executable).with_name("jupyter-book")
    for half, shown in ((0.5, "50.0%"), (0.25, "25.0%")):
        environment = {**os.environ, "HALF": str(half), "PYTHONPATH": str(ROOT)}
        chapter = copy / "notebooks" / "construction" / "first.md"
        if (
            half == 0.5
        ):  # only what the chapter imports changes between the two runs, not the chapter
            text = CHAPTER.replace(
                "tell(half=0.5)", "tell(half=float(__import__('os').environ['HALF']))"
            )
            chapter.write_text(text, encoding="utf-8")
        command = [str(program), "build", str(copy), "-W", "-n", "--keep-going"]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        page = copy / "_build" / "html" / "notebooks" / "construction" / "first.html"
        assert shown in page.read_text(encoding="utf-8")
        register = json.loads(
            (copy / "_build" / "html" / "evidence.json").read_text(encoding="utf-8")
        )
        assert register["chapters"]["first"]["numbers"] == {"half": half}
        assert [claim["id"] for claim in register["chapters"]["first"]["claims"]] == ["FI-01"]


def faults_of(root: Path, code: str, *outputs: dict[str, object], **metadata: object) -> list[str]:
    """What a build says of a chapter with one cell and what that left."""
    source = root / "notebooks" / "loud.md"
    source.parent.mkdir(exist_ok=True)
    source.write_text(f"# Loud\n\n```{{code-cell}}\n{code}\n```\n", encoding="utf-8")
    notebook = root / "staging" / "notebooks" / "loud.ipynb"
    notebook.parent.mkdir(parents=True, exist_ok=True)
    cell = {"cell_type": "code", "source": [code], "outputs": outputs, "metadata": metadata}
    notebook.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    return list(build.cell_faults(root, root / "staging", notebook))


def test_what_a_chapter_writes_to_stderr_is_a_fault_with_a_place(tmp_path: Path) -> None:
    output = {
        "output_type": "stream",
        "name": "stderr",
        "text": ["\x1b[31mRuntimeWarning: divide by zero\n"],
    }
    (fault,) = faults_of(tmp_path, "warn()", output)
    assert fault.startswith("notebooks/loud.md:4: cell 1 writes to stderr")
    assert fault.endswith("    RuntimeWarning: divide by zero")


def test_a_claim_that_the_page_does_not_show_is_named(tmp_path: Path) -> None:
    claim = {
        "id": "FI-01",
        "statement": "s",
        "measured": 0,
        "relation": "at most",
        "bound": 1,
        "unit": "",
    }
    claim |= {"by": "identity", "answers": ["CM-01"], "cannot_show": "c", "worst": True}
    table = {
        evidence.MIME: {"chapter": "first", "claims": [claim], "numbers": {}},
        "text/html": ["<a href='#FI-01'>"],
    }
    notebook = tmp_path / "first.ipynb"
    for shown in (False, True):
        outputs = [{"data": table}, {"data": {"text/html": ["<div id='FI-01'>"]}}][: 1 + shown]
        notebook.write_text(
            json.dumps({"cells": [{"cell_type": "code", "outputs": outputs}]}), encoding="utf-8"
        )
        if shown:
            found = build.check_evidence([notebook], {"CM-01": {"kind": "executed"}}, [])
            assert [one.id for one in found.claims["first"]] == ["FI-01"]
        else:
            with pytest.raises(build.BuildError, match="not shown: claim FI-01 of first"):
                build.check_evidence([notebook], {"CM-01": {"kind": "executed"}}, [])


def test_pages_and_chapters_that_are_not_there_are_named(tmp_path: Path) -> None:
    root = stand_in(tmp_path)
    with pytest.raises(build.BuildError, match=r"no chapter 'secnod'; there is: first"):
        build.build_chapter(root, "secnod")
    (root / "notebooks" / "construction" / "lost.md").write_text(SILENT, encoding="utf-8")
    with pytest.raises(build.BuildError, match="does not name: notebooks/construction/lost"):
        build.build_book(root, site_wanted=False)
    (root / "book" / "matrix.md").unlink()
    with pytest.raises(build.BuildError, match=r"pages that do not exist: book/matrix\.md"):
        build.build_book(root, site_wanted=False)


def test_the_table_of_contents_names_pages_at_any_depth() -> None:
    nested = [{"file": "b", "sections": [{"file": "c"}]}]
    toc = {"root": "a", "parts": [{"chapters": nested}, {"chapters": [{"file": "d"}]}]}
    assert build.documents(toc) == ["a", "b", "c", "d"]


def test_another_plans_book_has_its_own_place_and_a_broken_folder_is_refused(tmp_path, capsys):
    awkward = ROOT / "tests" / "plans" / "awkward"
    same_name = tmp_path / "awkward"
    shutil.copytree(awkward, same_name)
    places = [build.choose_plan(folder) for folder in (awkward, same_name)]
    assert all(re.fullmatch(r"plan-awkward-[0-9a-f]{6}", place) for place in places)
    assert places[0] != places[1]
    assert build.place_of(tmp_path / "a b / c").startswith("plan-c-")
    assert "5 funds, 40 participants" in capsys.readouterr().out
    (tmp_path / "rules.yml").write_text("name: nothing else\n", encoding="utf-8")
    assert build.main(["test", "--plan", str(tmp_path)]) == 1
    assert "lineup.csv: cannot be read" in capsys.readouterr().err


def test_a_second_run_in_the_same_place_is_refused_and_named(tmp_path: Path) -> None:
    root = stand_in(tmp_path)
    with processes.alone(root / ".run" / "book"):
        status, _, faults = run(root, "test")
    assert status == 1
    assert f"another run (process {os.getpid()}) is at work in {root}/.run/book" in faults
    with processes.alone(root / ".run" / "book"):  # free again
        pass


def test_a_run_that_is_stopped_publishes_nothing_and_leaves_no_child(copy: Path) -> None:
    before = page_tree(copy / "_build" / "html")
    add_chapter(
        copy,
        "slow",
        SILENT.replace("1 + 1", "import time\nopen('started', 'w').close()\ntime.sleep(60)"),
    )
    command = [sys.executable, "-m", "tools.build", "book", "--root", str(copy)]
    outputs = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **outputs) as process:
        started = copy / ".run" / "book" / "notebooks" / "construction" / "started"
        for _ in range(600):
            if started.exists():
                break
            time.sleep(0.1)
        assert started.exists()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        found = children.read_text(encoding="ascii").split() if children.exists() else []
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped after" in said
    assert "nothing was published" in said
    assert "Traceback" not in said
    assert not [pid for pid in found if Path(f"/proc/{pid}").exists()]
    assert page_tree(copy / "_build" / "html") == before


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("_toc.yml", "root: [", "_toc.yml: cannot be read"),
        ("_toc.yml", "- a\n- b\n", "_toc.yml: is not a mapping"),
        (
            "_toc.yml",
            "format: jb-book\nroot: book/index\nchapters: [a, b]\n",
            "_toc.yml: every entry of a list",
        ),
        ("_toc.yml", "format: jb-book\n", "_toc.yml: needs a root"),
        ("_toc.yml", "root: a\nchapters:\n- file: b\n- file: b\n", "_toc.yml: names b twice"),
        ("_config.yml", "\t", "_config.yml: cannot be read"),
        ("_config.yml", "title: x\n", "_config.yml: needs the mappings execute and sphinx"),
        ("book/requirements.yml", "a: [", "requirements.yml: cannot be read"),
        ("book/requirements.yml", "- kind: executed\n", "requirements.yml: entry 1 has no id"),
        ("book/requirements.yml", "- just text\n", "requirements.yml: entry 1 has no id"),
        ("book/requirements.yml", "a: b\n", "requirements.yml: is not a list of requirements"),
    ],
)
def test_garbled_settings_are_refused_by_name(tmp_path, capsys, file, text, expected) -> None:
    root = stand_in(tmp_path)
    (root / file).write_text(text, encoding="utf-8")
    assert build.main(["test", "--root", str(root)]) == 1
    said = capsys.readouterr().err
    assert expected in said
    assert "Traceback" not in said


def test_what_an_editor_keeps_beside_the_chapters_is_no_chapter(
    executed: list[str], tmp_path: Path
) -> None:
    root = stand_in(tmp_path)
    kept = root / "notebooks" / "construction" / ".ipynb_checkpoints" / "first-checkpoint.md"
    kept.parent.mkdir()
    kept.write_text(CHAPTER, encoding="utf-8")
    with pytest.raises(build.BuildError, match=r"there is: first$"):
        build.build_chapter(root, "first-checkpoint")
    kept = root / "tests" / "construction" / ".ipynb_checkpoints" / "test_first-checkpoint.py"
    kept.parent.mkdir()
    kept.write_text("1", encoding="utf-8")
    status, _, faults = run(root, "test")
    assert (status, executed) == (0, ["first"]), faults


def test_a_figure_that_no_text_describes_is_named(tmp_path: Path) -> None:
    figure = {"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}}
    described = {"image": {"alt": "A line that rises."}}
    for outputs, head, expected in (
        ([figure], described, []),
        ([figure], {}, ["1"]),
        ([figure, figure], described, ["2"]),
        ([], {}, []),
    ):
        faults = faults_of(tmp_path, "draw()", *outputs, mystnb=head)
        assert [fault.partition("figures (")[2][:1] for fault in faults] == expected


def test_a_cell_that_fills_the_page_is_named_and_its_words_cut_short(tmp_path: Path) -> None:
    for stream, expected in (("stdout", 1), ("stderr", 2)):
        output = {"output_type": "stream", "name": stream, "text": ["x" * 100 + "\n"] * 600_000}
        faults = faults_of(tmp_path, "shout()", output)
        assert len(faults) == expected
        assert faults[0].startswith("notebooks/loud.md:4: cell 1 leaves 6")
        assert "at most 2 MB" in faults[0]
        assert sum(map(len, faults)) < 20_000


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text/html": "<td><script>alert(1)</script></td>"}, ["<script>"]),
        ({"text/html": ["<img src='data:,' ", "onerror='alert(1)'>"]}, ["<img onerror=...>"]),
        ({"text/html": "<a href='JavaScript:alert(1)'>x</a>"}, ["<a href=...>"]),
        ({"image/svg+xml": "<svg onload='alert(1)'></svg>"}, ["<svg onload=...>"]),
        ({"text/markdown": "<iframe src='x'></iframe>"}, ["<iframe>"]),
        ({"application/javascript": "alert(1)"}, ["application/javascript"]),
        ({"text/html": "<td>&lt;script&gt; on</td>", "text/plain": "<script>"}, []),
    ],
)
def test_what_would_act_by_itself_in_a_browser_is_kept_from_the_page(data, expected) -> None:
    assert build.acts({"data": data}) == expected


def test_a_label_with_a_script_reaches_the_page_as_text() -> None:
    label = "<script>alert(1)</script>"
    frame = pd.DataFrame({label: [0.5], "words": [label]}, index=[label])
    page = figures.table(frame).to_html()
    assert build.Active(page).found == []
    assert page.count("&lt;script&gt;") == 3


def test_a_secret_of_the_environment_is_not_published(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("INDEX_TOKEN", 'a"secret1')
    output = {"output_type": "stream", "name": "stdout", "text": ['TOKEN=a"secret1\n']}
    (fault,) = faults_of(tmp_path, "show()", output)
    assert (
        fault
        == "notebooks/loud.md:4: cell 1 prints the value of INDEX_TOKEN, which would be published"
    )
