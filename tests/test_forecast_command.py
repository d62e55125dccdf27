"""The shell's door to sealing and scoring, on the example plan."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from portlib import __main__ as shell
from portlib import plan
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.governance import signatures

KEY = signatures.demonstration_keys(["analyst"], np.random.default_rng(11))["analyst"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A plan's folder without its people, a key, and a roster."""
    found = tmp_path_factory.mktemp("forecasts")
    ours = plan.read()
    (found / "plan.json").write_text(json.dumps(ours.to_json()), encoding="utf-8")
    (found / "key").write_text(KEY.hex() + "\n", encoding="utf-8")
    roster = {"analyst": signatures.address(KEY)}
    (found / "roster.json").write_text(json.dumps(roster), encoding="utf-8")
    return found


def run(folder, step, *more):
    return shell.main(
        ["forecast", step, "--plan", f"{folder}/plan.json", "--log", f"{folder}/log.sqlite", *more]
    )


def test_sealed_from_the_shell_and_scored_later(folder, capsys):
    returns = folder / "returns.csv"
    months = pd.date_range("2026-01-31", periods=3, freq="ME")
    frame = pd.DataFrame({"us_large_equity": [0.01, -0.02, 0.03]}, index=months)
    frame.rename_axis("month").to_csv(returns)
    score = ("--roster", f"{folder}/roster.json", "--returns", str(returns))

    assert run(folder, "score", *score) == 1
    assert "seal a forecast first" in capsys.readouterr().err

    assert run(folder, "seal", "--role", "analyst", "--key", f"{folder}/key") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["event"] == 1
    assert re.fullmatch("[0-9a-f]{64}", said["fingerprint"])
    event = AuditLog(folder / "log.sqlite").events("forecasts")[0]
    assert set(event.body["statement"]["portfolios"]) == {
        "conservative",
        "moderate",
        "growth",
        "aggressive",
    }
    assert set(event.body["statement"]["rivals"]) == {"equal shares", "60/40"}

    assert run(folder, "score", *score) == 0
    rows = json.loads(capsys.readouterr().out)
    large = next(row for row in rows if row["name"] == "us_large_equity")
    # every month of the file is before the seal: nothing is scored that could be known then
    assert (large["months"], large["came"], large["z"]) == (0, None, None)
    assert 0 < large["expected"] < 0.15


def test_a_key_that_is_none_is_refused(folder, capsys):
    (folder / "not a key").write_text("secret", encoding="utf-8")
    assert run(folder, "seal", "--role", "analyst", "--key", f"{folder}/not a key") == 1
    assert "not a key: a key is 64 hex digits" in capsys.readouterr().err
