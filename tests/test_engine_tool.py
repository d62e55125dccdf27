"""A plan's folder under another engine decides that and nothing else."""

import shutil
from pathlib import Path

import pytest

from portlib import data, plan
from portlib.data import DataError
from tools import engine

EXAMPLE = data.ROOT / "plan"


def test_the_copy_is_the_plan_under_another_engine(tmp_path: Path) -> None:
    made = engine.folder("ERC", EXAMPLE, tmp_path)
    ours, other = plan.read(EXAMPLE), plan.read(made)
    assert other.policy["optimizer"] == "ERC" != ours.policy["optimizer"]
    assert other.policy.replace(optimizer=ours.policy["optimizer"]) == ours.policy
    assert {**ours.to_json(), "policy": 0} == {**other.to_json(), "policy": 0}
    assert engine.folder("ERC", EXAMPLE, tmp_path) == made


def test_what_the_plan_decides_itself_stays(tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(data.ROOT.parent / "plans" / "tsp", own)
    other = plan.read(engine.folder("ROBUST", own, tmp_path / "made"))
    assert other.policy["optimizer"] == "ROBUST"
    assert other.policy["max_single_fund"] == plan.read(own).policy["max_single_fund"]


def test_no_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="optimizer"):
        engine.folder("MAGIC", EXAMPLE, tmp_path)
