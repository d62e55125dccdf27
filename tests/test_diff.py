"""`make diff`: what counts as moved, and which changed file may have moved it."""

from portlib.data import ROOT
from tools import depends, diff

HERE = ROOT.parent


def test_only_what_moved_is_listed_and_timings_are_not():
    old = {("a", "A-1"): 1.0, ("a", "n"): 2, ("a", "run_seconds"): 1.0, ("b", "text"): "x", ("b", "gone"): 3}
    new = {("a", "A-1"): 1.0 + 1e-12, ("a", "n"): 3, ("a", "run_seconds"): 9.0, ("b", "text"): "y", ("b", "more"): 4}
    rows = {(row["chapter"], row["what"]): row["change"] for row in diff.moved(old, new)}
    assert rows == {("a", "n"): 1, ("b", "text"): "", ("b", "gone"): "gone", ("b", "more"): "new"}


def test_a_change_is_laid_at_the_door_of_what_stands_on_it():
    chapters = depends.dependents(HERE)
    files = ["portlib/construction/risk_parity.py", "notebooks/estimation/shrinkage.md", "README.md"]
    why = diff.reasons(files, chapters)
    assert "portlib/construction/risk_parity.py" in why["risk_parity"]
    assert why["shrinkage"] == ["notebooks/estimation/shrinkage.md"]
    assert "capital_market_assumptions" not in why
    assert set(diff.reasons(["data/policy.yml"], chapters)) >= {"shrinkage", "mandate", "tail_risk"}


def test_a_chapters_own_module_comes_first_and_indirect_ones_are_found():
    chapters = depends.dependents(HERE)
    assert chapters["portlib.construction.tail_risk"][0] == "notebooks/construction/tail_risk.md"
    assert "notebooks/construction/mean_variance.md" in chapters["portlib.construction.engines"]
    assert depends.imported(HERE / "portlib" / "construction" / "engines.py") >= {"portlib.construction.mandate"}
