"""The run stops wherever a part of it could not run, and then nothing is published."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from portlib import evidence
from portlib.data import DataError
from tools import build, depends, executions
from tools.processes import Busy


def ending(status: int, lines: list[str] | None = None, said: str = ""):
    """A child process that ends with a status."""

    @contextmanager
    def child(command, **options) -> Iterator[SimpleNamespace]:
        if said and hasattr(options.get("stderr"), "write"):
            options["stderr"].write(said)
        yield SimpleNamespace(returncode=status, stdout=lines or [])
        child.command = command

    return child


# ---- execution -----------------------------------------------------------------------------------


def kept_notebook(path: Path, count: int | None) -> Path:
    cell = {"cell_type": "code", "execution_count": count, "outputs": [], "source": ["1"]}
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    path.with_suffix(".md").write_text("1", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("failed", "again"),
    [({"idle.ipynb"}, True), ({"idle.ipynb", "done.ipynb"}, False), ({"done.ipynb"}, False)],
)
def test_a_notebook_that_no_kernel_began_is_executed_once_more_if_nothing_else_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: set[str], again: bool
) -> None:
    idle = kept_notebook(tmp_path / "idle.ipynb", None)
    done = kept_notebook(tmp_path / "done.ipynb", 1)
    asked = []

    def run(command, staging, notebooks, surroundings):
        asked.append(list(notebooks))
        return (1, dict.fromkeys(failed, "why")) if len(asked) == 1 else (0, {})

    monkeypatch.setattr(build, "run", run)
    if again:
        build.execute(tmp_path, tmp_path, [idle, done], None)
        assert asked == [[idle, done], [idle]]
    else:
        with pytest.raises(build.BuildError, match=r"done\.md:\s+why"):
            build.execute(tmp_path, tmp_path, [idle, done], None)
        assert len(asked) == 1


def test_a_cell_that_never_ends_is_named(tmp_path: Path) -> None:
    """It leaves nothing on its page, so the page cannot say it."""
    staging = tmp_path / "staging"
    path = staging / "notebooks" / "endless.ipynb"
    path.parent.mkdir(parents=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cell = {"cell_type": "code", "execution_count": None, "outputs": [], "metadata": {}}
    cells = [cell | {"id": "a", "source": "import time\nwhile True:\n    time.sleep(1)"}]
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(whole), encoding="utf-8")
    source = tmp_path / "notebooks" / "endless.md"
    source.parent.mkdir()
    source.write_text("while True", encoding="utf-8")
    with pytest.raises(
        build.BuildError, match=r"notebooks/endless\.md:\s.*after 2 s(?s:.*)while T"
    ):
        build.execute(tmp_path, staging, [path], None, patience=2)


@pytest.mark.parametrize(
    ("status", "faults", "says"),
    [
        (0, [], ""),
        (1, [], "pytest ended with status 1"),  # no cell failed: the runner itself did
        (5, [], "pytest ended with status 5"),  # nothing was collected
        (0, ["one.md:4: cell 1 writes to stderr"], "cell 1 writes to stderr"),
        (1, ["one.md:4: cell 1: ClaimFailed"], "ClaimFailed"),
    ],
)
def test_an_execution_that_did_not_end_well_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, faults: list[str], says: str
) -> None:
    monkeypatch.setattr(build, "child", ending(status))
    monkeypatch.setattr(build, "cell_faults", lambda *_: faults)
    staging = tmp_path / "staging"
    notebooks = [staging / "one.ipynb"]
    if says:
        with pytest.raises(build.BuildError, match=says):
            build.execute(tmp_path, staging, notebooks, None)
    else:
        build.execute(tmp_path, staging, notebooks, None)


def test_every_notebook_is_executed_and_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, seen = ending(0), []
    monkeypatch.setattr(build, "child", child)
    monkeypatch.setattr(build, "cell_faults", lambda root, staging, path: seen.append(path) or [])
    notebooks = [tmp_path / "staging" / f"{name}.ipynb" for name in ("a", "b", "c")]
    build.execute(tmp_path, tmp_path / "staging", notebooks, None)
    assert seen == notebooks
    assert child.command[-3:] == ["a.ipynb", "b.ipynb", "c.ipynb"]
    assert "--nbmake" in child.command and "--overwrite" in child.command


def executed(tmp_path: Path, *outputs: dict) -> Path:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "one.md").write_text("# One\n\n```{code-cell}\nx = 1\n```\n")
    notebook = tmp_path / "staging" / "notebooks" / "one.ipynb"
    notebook.parent.mkdir(parents=True)
    cell = {"cell_type": "code", "source": ["x = 1"], "outputs": list(outputs)}
    notebook.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ""}, cell]}))
    return notebook


def test_a_cell_that_failed_says_where_what_and_why(tmp_path: Path) -> None:
    error = {
        "output_type": "error",
        "ename": "ClaimFailed",
        "evalue": "MV-01 does not hold",
        "traceback": ["\x1b[31mabove\x1b[0m", "below"],
    }
    (fault,) = build.cell_faults(tmp_path, tmp_path / "staging", executed(tmp_path, error))
    assert fault.startswith("notebooks/one.md:4: cell 1: ClaimFailed: MV-01 does not hold\n")
    assert "above" in fault and "below" in fault and "\x1b" not in fault


def test_a_page_may_be_filled_to_the_limit_and_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["x" * 1000]}
    notebook = executed(tmp_path, output)
    size = len(json.dumps([output], ensure_ascii=False))
    for most, faults in ((size, 0), (size - 1, 1)):
        monkeypatch.setattr(build, "MOST_OUTPUT", most)
        found = list(build.cell_faults(tmp_path, tmp_path / "staging", notebook))
        assert len(found) == faults


@pytest.mark.parametrize("name", ["A_TOKEN", "MY_SECRET", "DB_PASSWORD", "API_KEY", "APIKEY"])
def test_every_kind_of_secret_is_known_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "12345678")
    assert (name, "12345678") in build.secrets()
    monkeypatch.setenv(name, "1234567")  # too short to be told from any other word
    assert name not in dict(build.secrets())


# ---- rendering -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "site", "stops"), [(0, True, False), (1, True, True), (0, False, True)]
)
def test_a_site_that_could_not_be_rendered_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, status: int, site: bool, stops: bool
) -> None:
    """Also where half a site is there, and where all went well and none is."""
    child = ending(status, said="page.md: WARNING: a reference leads nowhere\n")
    monkeypatch.setattr(build, "child", child)
    monkeypatch.setattr(build, "environment", lambda *_: {})
    built = tmp_path / "_build" / "html"
    built.mkdir(parents=True)
    if site:
        (built / "index.html").write_text("")
    if stops:
        with pytest.raises(build.BuildError, match="a reference leads nowhere"):
            build.render(tmp_path, tmp_path, None, strict=True)
    else:
        assert build.render(tmp_path, tmp_path, None, strict=True) == built
        assert {"-W", "-n"} <= set(child.command)  # a warning is an error, also of a reference
        build.render(tmp_path, tmp_path, None, strict=False)
        assert "-W" not in child.command


@pytest.mark.parametrize("status", [0, 1])
def test_documents_are_made_while_pages_are_rendered_and_their_failure_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    making = ending(status)
    monkeypatch.setattr(build, "child", making)
    monkeypatch.setattr(build, "environment", lambda *_: {})
    rendered = []
    stops = pytest.raises(build.BuildError, match="documents could not be made")
    meanwhile = build.documents_meanwhile(tmp_path, tmp_path / "staged", tmp_path / "plan")
    with stops if status else nullcontext(), meanwhile as made:
        rendered.append(made)
    assert rendered == [tmp_path / "staged" / "documents"]
    asked = dict(zip(making.command[3::2], making.command[4::2], strict=True))
    assert asked["--staged"] == str(tmp_path / "staged")
    assert asked["--into"] == str(rendered[0])
    assert asked["--plan"] == str(tmp_path / "plan")


# ---- the whole run -------------------------------------------------------------------------------

STEPS = (
    "stage",
    "execute",
    "check_evidence",
    "provenance.of",
    "provenance.write",
    "documents_meanwhile",
    "render",
    "shutil.move",
    "schemas.write",
    "check_site.faults",
    "publish",
    "name_editions",
)


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A checkout with a library, and a run whose steps are noted and do nothing."""
    (tmp_path / "portlib").mkdir()
    done: list[str] = []
    told = SimpleNamespace(root=tmp_path, done=done, fail={}, around="a hash", kept=[])

    def step(name: str, answer: object):
        def call(*given: object, **more: object) -> object:
            done.append(name)
            if name in told.fail:
                raise told.fail[name]
            return answer

        return call

    site = tmp_path / "site"
    register = evidence.Register({}, {})
    answers = {"stage": [], "check_evidence": register, "render": site, "check_site.faults": []}
    answers["documents_meanwhile"] = nullcontext(tmp_path / "documents")
    for name in STEPS:
        monkeypatch.setattr(f"tools.build.{name}", step(name, answers.get(name)))
    monkeypatch.setattr(build, "contents", lambda root: {"root": "book/index"})
    monkeypatch.setattr(build.evidence, "requirements", lambda path: {})
    monkeypatch.setattr(build.plan, "read", lambda folder: None)
    monkeypatch.setattr(executions, "surroundings", lambda *_: told.around)
    monkeypatch.setattr(executions, "keep", lambda *_: told.kept.append(True))
    return told


def test_a_sound_run_takes_every_step_in_order(steps: SimpleNamespace) -> None:
    assert build.main(["book", "--root", str(steps.root)]) == 0
    assert steps.done == list(STEPS) and steps.kept == [True]
    steps.done.clear()
    assert build.main(["test", "--root", str(steps.root)]) == 0
    assert steps.done == list(STEPS[:3])


@pytest.mark.parametrize(
    "error",
    [
        build.BuildError("stopped"),
        Busy("stopped"),
        evidence.EvidenceError("stopped"),
        DataError("stopped"),
        OSError(28, "stopped"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("name", STEPS[:-2])
def test_whatever_step_fails_nothing_is_published_and_it_is_said(
    steps: SimpleNamespace, capsys: pytest.CaptureFixture[str], name: str, error: Exception
) -> None:
    steps.fail[name] = error
    assert build.main(["book", "--root", str(steps.root)]) == 1
    assert steps.done == list(STEPS[: STEPS.index(name) + 1])  # the step, and none after it
    said = capsys.readouterr().err
    assert "stopped" in said and "nothing was published" in said
    assert bool(steps.kept) is (STEPS.index(name) > STEPS.index("check_evidence"))


def test_an_error_of_the_program_is_not_swallowed(steps: SimpleNamespace) -> None:
    steps.fail["schemas.write"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        build.main(["book", "--root", str(steps.root)])
    assert "publish" not in steps.done


def test_a_run_that_is_stopped_ends_with_its_own_status(steps: SimpleNamespace) -> None:
    steps.fail["render"] = KeyboardInterrupt()
    assert build.main(["book", "--root", str(steps.root)]) == 130
    assert "publish" not in steps.done


def test_a_site_with_faults_is_not_published(
    steps: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build.check_site, "faults", lambda site: ["a.html: a link leads nowhere"])
    assert build.main(["book", "--root", str(steps.root)]) == 1
    assert "publish" not in steps.done
    assert "a.html: a link leads nowhere" in capsys.readouterr().err


def test_what_was_edited_while_it_ran_is_not_kept_as_executed(
    steps: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = iter(["before", "after"])
    monkeypatch.setattr(executions, "surroundings", lambda *_: next(hashes))
    assert build.main(["test", "--root", str(steps.root)]) == 0
    assert not steps.kept


@pytest.mark.parametrize("alone", [True, False])
def test_only_what_is_kept_under_the_same_hash_is_not_executed(
    steps: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, *, alone: bool
) -> None:
    staging = steps.root / ".run" / "book"
    pages = [staging / "notebooks" / "x" / f"{name}.ipynb" for name in ("one", "two", "three")]
    (steps.root / "portlib" / "many").mkdir(parents=True)
    (steps.root / "portlib" / "short.py").write_text("x = 1\n")
    (steps.root / "portlib" / "shorter.py").write_text("")  # its name begins alike
    (steps.root / "portlib" / "many" / "long.py").write_text("y = 1\n" * 9)
    (steps.root / "portlib" / "many" / "long.md").write_text(">>> 1\n1\n")
    performed = ['perform("portlib.short", "portlib.none")', "x = (", 'perform("portlib.many")']
    for page, code in zip(pages, performed, strict=True):
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(json.dumps({"cells": [cell(code, [])]}))
    ran: list[list[Path]] = []
    monkeypatch.setattr(build, "stage", lambda *_, **__: pages)
    monkeypatch.setattr(build, "execute", lambda root, staging, left, plan: ran.append(left))
    monkeypatch.setattr(executions, "restore", lambda r, k, s, path, a: path == pages[0])
    build.build_book(steps.root, site_wanted=False, changed_alone=alone)
    longest_first = [pages[2], pages[0], pages[1]]
    assert ran == [[page for page in longest_first if page != pages[0] or not alone]]
    known = depends.modules(steps.root)
    assert [depends.weight(page, known) for page in pages] == [6, 0, 9 * 6 + 8]


# ---- drafts --------------------------------------------------------------------------------------


def cell(source: str, outputs: list, count: int | None = 1) -> dict:
    made = {"cell_type": "code", "source": [source], "outputs": outputs, "metadata": {}}
    return {**made, "execution_count": count}


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ([cell("x = 1", ["old"]), cell("y", ["more"])], True),
        ([cell("x = 2", ["old"]), cell("y", ["more"])], False),  # another code
        ([cell("x = 1", ["old"]), cell("y", [], None)], False),  # it was stopped on the way
        ([cell("x = 1", ["old"])], False),  # a cell is new
        ([], False),
    ],
)
def test_outputs_are_kept_for_the_same_code_that_ran_to_its_end(
    tmp_path: Path, before: list, *, kept: bool
) -> None:
    notebook = tmp_path / "one.ipynb"
    fresh = [cell("x = 1", [], None), cell("y", [], None)]
    notebook.write_text(json.dumps({"cells": fresh}))
    assert build.outputs_kept(notebook, before) is kept
    shown = [one["outputs"] for one in json.loads(notebook.read_text())["cells"]]
    assert shown == ([["old"], ["more"]] if kept else [[], []])


def test_a_draft_executes_what_changed_alone_and_replaces_no_book(
    steps: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = steps.root / ".run" / "book"
    pages = [staging / "notebooks" / "x" / f"{name}.ipynb" for name in ("one", "two")]
    for page in pages:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(json.dumps({"cells": [cell("x = 1", ["old"])]}))
    ran: list[list[Path]] = []
    put: list[Path] = []
    monkeypatch.setattr(build, "stage", lambda *_, **__: pages)
    monkeypatch.setattr(build, "outputs_kept", lambda path, before: path == pages[0] and before)
    monkeypatch.setattr(build, "execute", lambda root, staging, left, plan, **_: ran.append(left))
    monkeypatch.setattr(build, "publish", lambda site, target: put.append(target))
    assert build.main(["draft", "--root", str(steps.root)]) == 0
    assert ran == [pages[1:]] and put == [steps.root / "_build" / "draft" / "html"]
    assert "check_evidence" not in steps.done  # so it must never lie where a book does


def test_every_book_is_told_of_the_others_and_none_of_a_draft(tmp_path: Path) -> None:
    for folder, plan, version in (
        ("html", "ours", "2"),
        ("plan-b/html", "theirs", "2"),
        ("v1/html", "ours", "1"),
        ("draft/html", "ours", "2"),
    ):
        page = tmp_path / folder.split("/html")[0] if "/" in folder else tmp_path
        page = page / "html"
        (page / "_static").mkdir(parents=True)
        made = {"made_from": {"plan": plan, "version": version}}
        (page / "evidence.json").write_text(json.dumps(made))
    build.name_editions(tmp_path)
    told = {}
    for folder in ("html", "plan-b/html", "v1/html"):
        text = (tmp_path / folder / "_static" / "editions.js").read_text()
        listed = json.loads(text.removeprefix("window.EDITIONS = ").removesuffix(";\n"))
        told[folder] = {one["name"]: (one["href"], one["same"]) for one in listed}
    assert told["html"] == {
        "theirs": ("../plan-b/html", True),
        "ours, version 1": ("../v1/html", False),
    }
    assert told["v1/html"] == {
        "ours, version 2": ("../../html", False),
        "theirs, version 2": ("../../plan-b/html", False),
    }
    assert not (tmp_path / "draft/html/_static/editions.js").exists()
