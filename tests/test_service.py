"""The JSON pair: what goes in and out, the shell's door, and thousands of plans at once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from portlib import data, plan, service
from portlib.construction.mandate import Infeasible
from portlib.construction.mean_variance import maximum_utility
from portlib.retirement import glidepaths, plan_menu

ROOT = Path(__file__).resolve().parents[1]
AWKWARD = ROOT / "tests" / "plans" / "awkward"
LOOSE = {"most_funds": 0, "whole_percent": False}


@pytest.fixture(scope="module")
def example():
    return plan.read().to_json()


def strict(answer):
    """Through strict JSON and back."""
    return json.loads(json.dumps(answer, allow_nan=False))


@pytest.mark.parametrize("posture", ["conservative", "moderate", "growth", "aggressive"])
def test_the_answer_is_the_optimum_of_the_menu_and_obeys_its_mandate(example, posture):
    answer = strict(service.optimize(example, None, {"posture": posture, **LOOSE}))
    ours = plan.read()
    mandate, funds = plan_menu.menu_mandate(ours, posture), plan_menu.menu_assumptions(ours)
    aversion = data.policy("model_risk_aversion")[posture]
    second = maximum_utility(funds, mandate, risk_aversion=aversion)
    w = np.array([answer["weights"].get(fund, 0.0) for fund in funds.labels])
    assert w == pytest.approx(second.w, abs=1e-8)
    assert answer["mandate"] == mandate.fingerprint and answer["plan"] == ours.fingerprint
    assert max(mandate.violations(w, funds).values()) <= 1e-7
    assert answer["mean"] == pytest.approx(float(funds.mu @ w)) and answer["risk"] == pytest.approx(funds.risk_of(w))
    cost = sum(share * ours.funds.expense_ratio[fund] for fund, share in answer["weights"].items())
    assert answer["expense_ratio"] == pytest.approx(cost)


def test_the_plans_own_rules_are_the_default_and_cost_what_the_gap_to_the_loose_optimum_says(example):
    ruled = service.optimize(example, None, {"posture": "growth"})
    loose = service.optimize(example, None, {"posture": "growth", **LOOSE})
    percents = np.array(list(ruled["weights"].values())) * 100
    assert percents == pytest.approx(np.round(percents), abs=1e-9) and percents.sum() == pytest.approx(100)
    assert len(percents) <= example["rules"]["models"]["most_funds"] and ruled["gap"] <= 1e-8
    worth = [x["mean"] - x["risk_aversion"] / 2 * x["risk"] ** 2 for x in (ruled, loose)]
    assert 0 <= worth[1] - worth[0] < 1e-4


def test_every_option_is_accounted_for(example):
    answer = service.optimize(example, None, LOOSE)
    assert set(answer["coverage"]) == {row["fund"] for row in example["lineup"]}
    assert {f for f, why in answer["coverage"].items() if why != "considered"}.isdisjoint(answer["weights"])


def test_the_same_input_gives_the_same_output_to_the_last_digit(example):
    assert service.optimize(example) == service.optimize(json.loads(json.dumps(example)))


def test_assumptions_of_ones_own_are_used(example):
    classes = plan_menu.class_assumptions(plan.read())
    given = {"labels": list(classes.labels), "mu": classes.mu.tolist(), "sigma": classes.sigma.tolist(),
             "rf": classes.rf, "source": classes.source}
    assert service.optimize(example, strict(given)) == service.optimize(example)
    dearer = {**given, "mu": [m + 0.01 for m in given["mu"]], "rf": given["rf"] + 0.01, "source": "a point more"}
    moved = service.optimize(example, dearer, LOOSE)
    before = service.optimize(example, given, LOOSE)
    assert moved["mean"] - before["mean"] == pytest.approx(0.01, abs=1e-9)
    assert moved["source"].startswith("a point more")


@pytest.mark.parametrize(
    ("assumptions", "mandate", "message"),
    [
        (None, {"postur": "growth"}, "mandate: no entry postur; there are posture"),
        (None, {"posture": "bold"}, "no posture 'bold'"),
        ({"labels": []}, None, "assumptions: mu, rf, sigma, source missing or unknown"),
        ({"labels": ["cash"], "mu": [0.03], "sigma": [[0.0]], "rf": 0.03, "source": "x"}, None, "lack"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(example, assumptions, mandate, message):
    with pytest.raises(ValueError, match=message):
        service.optimize(example, assumptions, mandate)


def test_a_menu_without_an_allowed_portfolio_is_refused_with_the_rules_in_conflict(example):
    bonds = [row for row in example["lineup"] if row["fund"] in ("BNDIDX", "LNGBND", "TIPSIX")]
    rules = {**example["rules"], "default": None, "employer_stock": None, "stable_value": None,
             "trading": {"transfers_per_quarter": None, "round_trip_days": {}, "minimum_holding_days": {}}}
    bonds = [{**row, "plan_share": None} for row in bonds]
    narrow = {**example, "lineup": bonds, "rules": rules, "target_date_vintages": None, "participants": []}
    with pytest.raises(Infeasible, match="equity band"):
        service.optimize(narrow, None, {"posture": "growth", **LOOSE})


def smaller_plans(count, rng):
    """Plans with random menus and rules of the example's funds, and nobody in them."""
    ours = plan.read()
    for _ in range(count):
        kept = [f for f in ours.funds.index if f == "TDIDX" or rng.random() < 0.6]
        content = ours.offering(kept).to_json() | {"participants": []}
        content["rules"]["models"] = {"most_funds": int(rng.integers(3, 9)), "whole_percent": bool(rng.random() < 0.5)}
        yield content


def test_many_plans_are_the_single_ones_in_order_whatever_the_number_of_processes():
    plans = list(smaller_plans(12, np.random.default_rng(5)))
    plans[7] = {**plans[7], "schema": "unknown"}
    seen = []
    alone = service.optimize_many(plans, None, LOOSE, workers=1, progress=lambda done, of: seen.append((done, of)))
    both = service.optimize_many(plans, None, LOOSE, workers=2)
    assert alone == both and seen == [(i + 1, 12) for i in range(12)]
    for at, answer in enumerate(alone):
        if at == 7:
            assert answer["error"]["type"] == "DataError" and "unknown" in answer["error"]["message"]
        elif "error" not in answer:
            assert answer == service.optimize(plans[at], None, LOOSE)
    assert sum("error" not in answer for answer in alone) >= 6


def test_no_workers_is_refused():
    with pytest.raises(ValueError, match="workers must be one or more"):
        service.optimize_many([], workers=-1)


def test_the_glidepath_is_that_of_the_module_and_never_rises():
    awkward = plan.read(AWKWARD)
    whole = awkward.to_json()
    lineup = [{**row, "plan_share": None} for row in whole["lineup"]]
    sent = {**whole, "lineup": lineup, "participants": whole["participants"][:8]}
    answer = strict(service.glidepath(sent, seed=3))
    ours = glidepaths.custom(plan.from_json(sent), seed=3)
    assert answer["parameters"] == {name: float(value) for name, value in ours.parameters.items()}
    assert answer["value"] == pytest.approx(ours.value)
    assert (np.diff(answer["equity"]) <= 1e-12).all() and (np.diff(answer["years_to_retirement"]) < 0).all()
    assert np.sum(list(answer["weights"].values()), axis=0) == pytest.approx(1)
    with pytest.raises(ValueError, match="send its participants"):
        service.glidepath({**sent, "participants": []})


def shell(*arguments, stdin=""):
    command = [sys.executable, "-m", "portlib", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, input=stdin, check=False)


def test_the_shells_door_answers_as_the_function_does(example, tmp_path):
    answer = shell("optimize", "--plan", "data/plan", "--posture", "growth", "--most-funds", "0", "--no-whole-percent")
    assert answer.returncode == 0 and answer.stderr == ""
    assert json.loads(answer.stdout) == service.optimize(example, None, {"posture": "growth", **LOOSE})
    through = shell("optimize", "--plan", "-", stdin=json.dumps(example))
    (tmp_path / "plan.json").write_text(json.dumps(example), encoding="utf-8")
    assert through.stdout == shell("optimize", "--plan", str(tmp_path / "plan.json")).stdout != ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("optimize", "--plan", "nowhere"), "no such folder"),
        (("optimize", "--plan", "data/plan", "--posture", "bold"), "no posture 'bold'"),
        (("optimize", "--plan", "data/plan", "--assumptions", "nowhere.json"), "nowhere.json"),
    ],
)
def test_the_shell_is_told_what_is_wrong_and_nothing_is_printed(arguments, message):
    answer = shell(*arguments)
    assert answer.returncode == 1 and answer.stdout == "" and message in answer.stderr
    assert "Traceback" not in answer.stderr
