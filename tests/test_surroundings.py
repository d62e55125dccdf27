"""The one look at the environment: what the run tells its chapters."""

from pathlib import Path

from portlib import data, history, plan, surroundings


def test_the_run_names_the_plan_and_the_history_of_its_chapters(monkeypatch):
    for name in ("PRUDENT_PLAN", "PRUDENT_HISTORY"):
        monkeypatch.delenv(name, raising=False)
    assert surroundings.folder("plan") is None and surroundings.folder("history") is None
    assert plan.folder() == data.ROOT / "plan" and history.folder() is None
    monkeypatch.setenv("PRUDENT_PLAN", "")
    assert plan.folder() == data.ROOT / "plan"
    awkward = Path(__file__).parent / "plans" / "awkward"
    monkeypatch.setenv("PRUDENT_PLAN", str(awkward))
    assert plan.folder() == awkward and plan.read().name == "Awkward 401(k) plan"
    assert plan.read(data.ROOT / "plan").name != plan.read().name
