"""The JSON pair: what goes in and out, the shell's door, and thousands of plans at once."""

import copy
import io
import json
import math
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import plan, policy, service
from portlib.__main__ import main
from portlib.construction.mandate import Bounds, Infeasible
from portlib.construction.mean_variance import maximum_utility
from portlib.data import DataError
from portlib.records import Assumptions
from portlib.retirement import glidepaths, plan_menu
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.governance import sealed_forecasts, signatures

ROOT = Path(__file__).resolve().parents[1]
AWKWARD = ROOT / "tests" / "plans" / "awkward"
LOOSE = {"most_funds": 0, "whole_percent": False}


@pytest.fixture(scope="module")
def example():
    return plan.read().to_json()


@dataclass(frozen=True)
class Said:
    """What a command leaves: its status and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def shell(capsys, monkeypatch):
    """The command in this process; `process` starts one, as a shell does."""

    def run(*arguments, stdin="", plan=""):
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("PRUDENT_PLAN", plan)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        return Said(main(arguments), *capsys.readouterr())

    return run


def strict(answer):
    """Through strict JSON and back."""
    return json.loads(json.dumps(answer, allow_nan=False))


@pytest.mark.parametrize("posture", ["conservative", "moderate", "growth", "aggressive"])
def test_the_answer_is_the_optimum_of_the_menu_and_obeys_its_mandate(example, posture):
    answer = strict(service.optimize(example, None, {"posture": posture, **LOOSE}))
    ours = plan.read()
    mandate, funds = plan_menu.menu_mandate(ours, posture), plan_menu.menu_assumptions(ours)
    aversion = ours.policy["model_risk_aversion"][posture]
    dates = dict.fromkeys(plan_menu.dates(ours).unique(), 0.0)
    mixes = mandate.also(Bounds("dates", upper=dates))
    second = maximum_utility(funds, mixes, risk_aversion=aversion)
    w = np.array([answer["weights"].get(fund, 0.0) for fund in funds.labels])
    assert w == pytest.approx(second.w, abs=1e-8)
    assert answer["mandate"] == mandate.fingerprint and answer["plan"] == ours.fingerprint
    assert answer["policy"] == ours.policy.fingerprint == policy.read().fingerprint
    assert max(mandate.violations(w, funds).values()) <= 1e-7
    assert answer["mean"] == pytest.approx(float(funds.mu @ w)) and answer["risk"] == pytest.approx(
        funds.risk_of(w)
    )
    expenses = plan_menu.each_vintage(ours).funds["expense_ratio"]
    cost = sum(share * expenses[fund] for fund, share in answer["weights"].items())
    assert answer["expense_ratio"] == pytest.approx(cost)


def test_the_plans_own_rules_are_the_default_and_cost_what_the_gap_to_the_loose_optimum_says(
    example,
):
    ruled = service.optimize(example, None, {"posture": "growth"})
    loose = service.optimize(example, None, {"posture": "growth", **LOOSE})
    percents = np.array(list(ruled["weights"].values())) * 100
    assert percents == pytest.approx(
        np.round(percents), abs=1e-9
    ) and percents.sum() == pytest.approx(100)
    assert len(percents) <= example["rules"]["models"]["most_funds"] and ruled["gap"] <= 1e-8
    worth = [x["mean"] - x["risk_aversion"] / 2 * x["risk"] ** 2 for x in (ruled, loose)]
    assert 0 <= worth[1] - worth[0] < 1e-4


def test_every_option_is_accounted_for(example):
    answer = service.optimize(example, None, LOOSE)
    assert set(answer["coverage"]) == {row["fund"] for row in example["lineup"]}
    assert {f for f, why in answer["coverage"].items() if why != "considered"}.isdisjoint(
        answer["weights"]
    )


def test_the_same_input_gives_the_same_output_to_the_last_digit(example):
    assert service.optimize(example) == service.optimize(json.loads(json.dumps(example)))


def test_assumptions_of_ones_own_are_used(example):
    classes = plan_menu.class_assumptions(plan.read())
    given = {
        "labels": list(classes.labels),
        "mu": classes.mu.tolist(),
        "sigma": classes.sigma.tolist(),
        "rf": classes.rf,
        "source": classes.source,
    }
    assert service.optimize(example, strict(given)) == service.optimize(example)
    dearer = {
        **given,
        "mu": [m + 0.01 for m in given["mu"]],
        "rf": given["rf"] + 0.01,
        "source": "a point more",
    }
    moved = service.optimize(example, dearer, LOOSE)
    before = service.optimize(example, given, LOOSE)
    assert moved["mean"] - before["mean"] == pytest.approx(0.01, abs=1e-9)
    assert moved["source"].startswith("a point more")


ONE = {"labels": ["cash"], "mu": [0.03], "sigma": [[0.0]], "rf": 0.03, "source": "x"}


@pytest.mark.parametrize(
    ("assumptions", "mandate", "message"),
    [
        (None, {"postur": "growth"}, r"mandate: 'postur': no such entry; did you mean posture"),
        (None, {"posture": "bold"}, r"mandate.posture: 'bold' is not one of conservative, moder"),
        (None, ["growth"], r"mandate: \['growth'\] is not a mapping"),
        (None, {"whole_percent": "false"}, r"mandate.whole_percent: 'false' is not true or false"),
        (None, {"most_funds": float("nan")}, r"mandate.most_funds: nan is not a whole number"),
        (None, {"most_funds": 2.5}, r"mandate.most_funds: 2.5 is not a whole number"),
        (None, {"most_funds": True}, r"mandate.most_funds: True is not a whole number"),
        (None, {"most_funds": -1}, r"mandate.most_funds: -1 is not a whole number at least 0"),
        (None, {"risk_aversion": "4"}, r"mandate.risk_aversion: '4' is not a number"),
        (None, {"risk_aversion": 1e9}, r"mandate.risk_aversion: 1e\+09|1000000000.0 is not"),
        (
            None,
            {"risk_aversion": 500},
            r"risk_aversion: 500 is outside 4 to 8, the policy's band of mod",
        ),
        (
            None,
            {"posture": "growth", "risk_aversion": 30},
            r"risk_aversion: 30 is outside 2 to 4, the policy's band of growth",
        ),
        ([1, 2], None, r"assumptions: \[1, 2\] is not a mapping"),
        ({**ONE, "labels": []}, None, r"assumptions.labels: \[\] is not a list of at least one"),
        ({**ONE, "labels": None}, None, r"assumptions.labels: None is not a list"),
        ({**ONE, "source": None}, None, r"assumptions.source: None is not text"),
        ({**ONE, "rf": "0.03"}, None, r"assumptions.rf: '0.03' is not a number"),
        ({**ONE, "mu": {"cash": 0.03}}, None, r"assumptions.mu: \{'cash': 0.03\} is not a list"),
        (
            {**ONE, "mu": [3.0]},
            None,
            r"assumptions.mu\[0\]: 3.0 is not .*percent\? Write 0.03 for 3%",
        ),
        (
            {**ONE, "sigma": [[225]]},
            None,
            r"sigma\[0\]\[0\]: 225 is not a covariance of annual dec",
        ),
        (
            {**ONE, "sigma": [[0.0, 0.0]]},
            None,
            r"assumptions.sigma\[0\]: has 2 values for 1 labels",
        ),
        ({**ONE, "mean": [0.03]}, None, r"assumptions: 'mean': no such entry"),
        ({"labels": ["cash"]}, None, r"assumptions: mu, sigma, rf, source missing"),
        (ONE, None, "lack"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(example, assumptions, mandate, message):
    with pytest.raises(ValueError, match=message):
        service.optimize(example, assumptions, mandate)


def test_assumptions_wholly_in_percent_are_refused(example):
    classes = plan_menu.class_assumptions(plan.read())
    given = {
        "labels": list(classes.labels),
        "mu": (100 * classes.mu).tolist(),
        "sigma": (1e4 * classes.sigma).tolist(),
        "rf": 100 * classes.rf,
        "source": "x",
    }
    with pytest.raises(DataError, match=r"wholly in percent\? Then divide mu and rf by 100"):
        service.optimize(example, given)


def test_a_risk_aversion_says_its_posture_unless_both_are_given(example):
    assert service.optimize(example, None, {"risk_aversion": 3, **LOOSE})["posture"] == "growth"
    assert service.optimize(example, None, {"risk_aversion": 5, **LOOSE})["posture"] == "moderate"
    both = {"posture": "moderate", "risk_aversion": 4, **LOOSE}
    assert service.optimize(example, None, both)["posture"] == "moderate"


# ---- policy --------------------------------------------------------------------------------------


def with_policy(content, **values):
    """The plan under other decisions."""
    return {**content, "policy": policy.read().replace(**values).to_json()}


def test_each_plan_is_answered_under_its_own_policy_in_any_order_threads_and_processes(example):
    nobody = {**example, "participants": []}
    capped = with_policy(nobody, max_single_fund=0.20)
    wild = with_policy(nobody, default_posture="aggressive", max_single_fund=0.60)
    awkward = plan.read(AWKWARD).to_json()
    plans = [nobody, capped, awkward, wild]
    alone = [service.optimize(content, None, LOOSE) for content in plans]
    assert len({answer["policy"] for answer in alone}) == 4
    single = [[w for f, w in x["weights"].items() if ", " not in f] for x in alone]
    assert max(single[0]) <= 0.40 + 1e-9 and max(single[1]) <= 0.20 + 1e-9
    assert alone[3]["posture"] == "aggressive" and alone[0]["posture"] == "moderate"
    assert 0.40 < max(alone[2]["weights"].values()) <= 0.75
    backwards = [service.optimize(content, None, LOOSE) for content in plans[::-1]]
    assert backwards[::-1] == alone
    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(lambda content: service.optimize(content, None, LOOSE), plans * 2))
    assert threads == alone * 2
    assert service.optimize_many(plans * 2, None, LOOSE, workers=2) == alone * 2


def test_a_cap_in_percent_is_refused_wherever_it_comes_in(example, tmp_path, shell):
    entry = policy.read().replace(max_single_fund=0.2).to_json()["max_single_fund"]
    sent = {**example, "policy": {"max_single_fund": {**entry, "value": 20}}}
    message = (
        "max_single_fund: 20 is not a number above 0 and at most 1; in percent? Write 0.2 for 20%"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        service.optimize(sent)
    shutil.copytree(ROOT / "data" / "plan", tmp_path / "plan")
    text = json.dumps({"max_single_fund": {**entry, "value": 20}})
    (tmp_path / "plan" / "policy.yml").write_text(text, encoding="utf-8")
    answer = shell("optimize", "--plan", str(tmp_path / "plan"))
    assert answer.returncode == 1 and answer.stdout == "" and message in answer.stderr


@pytest.mark.parametrize("posture", ["moderate", "growth"])
def test_the_shell_applies_the_policy_of_the_folder(posture, shell):
    told = shell("optimize", "--plan", str(AWKWARD), "--posture", posture)
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout)
    assert answer == service.optimize(plan.read(AWKWARD).to_json(), None, {"posture": posture})
    assert answer["policy"] == plan.read(AWKWARD).policy.fingerprint != policy.read().fingerprint
    for elsewhere in ("", str(ROOT / "data" / "plan")):
        again = shell("optimize", "--plan", str(AWKWARD), "--posture", posture, plan=elsewhere)
        assert again.stdout == told.stdout


def test_the_policy_chooses_the_engine():
    ours = plan.read()
    bought = [
        f
        for f, kind in ours.funds["kind"].items()
        if kind not in ("employer_stock", "stable_value")
    ]
    content = {**ours.offering(bought).to_json(), "participants": []}
    content = with_policy(
        content, optimizer="ERC", equity_floor=dict.fromkeys(policy.POSTURES, 0.0)
    )
    answer = service.optimize(content)
    assert answer["optimizer"] == "ERC" and len(answer["weights"]) > 8
    with pytest.raises(DataError, match=r"weights of ERC .* are taken as they come"):
        service.optimize(content, None, {"most_funds": 4})


# ---- one plan's fault ----------------------------------------------------------------------------


def test_a_menu_without_an_allowed_portfolio_is_refused_with_the_rules_in_conflict(example):
    bonds = [row for row in example["lineup"] if row["fund"] in ("BNDIDX", "LNGBND", "TIPSIX")]
    rules = {
        **example["rules"],
        "default": None,
        "employer_stock": None,
        "stable_value": None,
        "trading": {
            "transfers_per_quarter": None,
            "round_trip_days": {},
            "minimum_holding_days": {},
        },
    }
    bonds = [{**row, "plan_share": None} for row in bonds]
    narrow = {
        **example,
        "lineup": bonds,
        "rules": rules,
        "target_date_vintages": None,
        "participants": [],
    }
    with pytest.raises(Infeasible, match="equity band"):
        service.optimize(narrow, None, {"posture": "growth", **LOOSE})


def smaller_plans(count, rng):
    """Plans with random menus and rules of the example's funds, and nobody in them."""
    ours = plan.read()
    for _ in range(count):
        kept = [f for f in ours.funds.index if f == "TDIDX" or rng.random() < 0.6]
        content = ours.offering(kept).to_json() | {"participants": []}
        content["rules"]["models"] = {
            "most_funds": int(rng.integers(3, 9)),
            "whole_percent": bool(rng.random() < 0.5),
        }
        yield content


def test_months_are_read_only_for_funds_that_bring_evidence(example, monkeypatch):
    def never():
        raise AssertionError("read")

    monkeypatch.setattr(service.history, "open_record", never)
    service._READ.clear()
    assert service.optimize({**example, "participants": []}, None, LOOSE)["weights"]
    months = "month,LCIDX\n2026-01,1%\n2026-02,2%\n"
    brings = {**example, "participants": [], "inputs": {"fund_returns.csv": months}}
    with pytest.raises(AssertionError, match="read"):
        service.optimize(brings, None, LOOSE)


def test_a_mandate_that_was_refused_is_refused_again(example):
    for _ in range(2):
        with pytest.raises(DataError, match="most_funds"):
            service.optimize(example, None, {"most_funds": -1})
        with pytest.raises(DataError, match="whole_percent"):
            service.optimize(example, None, {**LOOSE, "whole_percent": 0})


def test_many_plans_are_the_single_ones_in_order_whatever_the_number_of_processes():
    plans = list(smaller_plans(12, np.random.default_rng(5)))
    plans[7] = {**plans[7], "schema": "unknown"}
    seen = []
    alone = service.optimize_many(
        plans, None, LOOSE, workers=1, progress=lambda done, of: seen.append((done, of))
    )
    both = service.optimize_many(plans, None, LOOSE, workers=2)
    assert alone == both and seen == [(i + 1, 12) for i in range(12)]
    for at, answer in enumerate(alone):
        if at == 7:
            assert (
                answer["error"]["type"] == "DataError" and "unknown" in answer["error"]["message"]
            )
        elif "error" not in answer:
            assert answer == service.optimize(plans[at], None, LOOSE)
    assert sum("error" not in answer for answer in alone) >= 6


def set_at(content, path, value):
    """A copy of the plan with another value somewhere inside."""
    made = copy.deepcopy(content)
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["rules"], None, r"rules: None is not a mapping"),
        (
            ["rules", "models", "whole_percent"],
            "false",
            r"rules: models.whole_percent: 'false' is n",
        ),
        (["rules", "contributions", "match", 0, "rate"], 100, r"match\[0\].rate: 100 is not"),
        (["rules", "as_of"], "2026-02-30", r"rules: as_of: '2026-02-30' is no day"),
        (["rules", "extra"], 1, r"'extra': no such entry"),
        (["policy"], [], r"policy: \[\] should be a mapping"),
        (["policy"], {"max_fund": 1}, r"policy: 'max_fund': no such entry to override"),
        (["target_date_vintages"], "x", r"target_date_vintages: 'x' is not a list"),
        (["target_date_vintages", 0, "equity"], 0.1, r"target_date_vintages\[\d+\].equity: 0.1 is"),
        (["lineup"], {"a": 1}, r"lineup: \{'a': 1\} is not a list"),
        (["lineup", 0], None, r"lineup\[0\]: None is not a mapping"),
        (["lineup", 0, "fund"], "x" * 10**6, r"lineup\[0\].fund: 'x+\.\.\. is longer"),
        (["lineup", 1, "kind"], {"a": 1}, r"lineup\[1\].kind: \{'a': 1\} is not text"),
        (["lineup", 0, "expense_ratio"], 10**400, r"lineup\[0\].expense_ratio: .* is not a number"),
        (["lineup", 0, "expense_ratio"], "0.0002", r"expense_ratio: '0.0002' is not a number"),
        (["lineup", 0, "expense_ratio"], True, r"expense_ratio: True is not a number"),
        (["lineup", 0, "expense_ratio"], None, r"expense_ratio: None is missing"),
        (["lineup", 0, "specific_risk"], -0.5, r"specific_risk: -0.5 is not between 0 and 1.5"),
        (["lineup", 0, "us_houses"], 0.0, r"lineup\[0\]: 'us_houses': no such entry"),
        (["participants", 3], [1], r"participants\[3\]: \[1\] is not a mapping"),
        (
            ["participants", 3, "holdings"],
            [["LCIDX", 1.0]],
            r"participants\[3\].holdings: .*mapping",
        ),
        (["participants", 3, "holdings"], {"a": 1}, r"participants\[3\].holdings: .* holds a, no"),
        (
            ["participants", 3, "holdings"],
            {"LCIDX": math.nan},
            r"\[3\].holdings: .*no share of LCIDX",
        ),
        (["participants", 3, "holdings"], {"LCIDX": 1.5}, r"\[3\].holdings: .* does not sum to 1$"),
        (
            ["participants", 0, "participant"],
            math.inf,
            r"participants\[0\].participant: inf is not te",
        ),
        (
            ["participants", 0, "birth_year"],
            10**400,
            r"birth_year: a number of more than 20 digits",
        ),
        (["participants", 0, "birth_year"], 1992.7, r"birth_year: 1992.7 is no whole year"),
        (["participants", 0, "pay"], 10**400, r"participants\[0\].pay: a number of more than"),
        (["participants", 0, "pay"], -1, r"participants\[0\].pay: -1 is not between 0"),
        (["participants", 0, "retirement_age"], 6, r"retirement_age: 6 is not between 40 and 100"),
        (["participants", 0, "answers"], [1, 2], r"answers: \[1, 2\] is not 7 numbers from 1 to 5"),
        (
            ["participants", 0, "answers"],
            10**400,
            r"answers: a number of more than 20 .* not a list",
        ),
        (["participants", 0, "filing_status"], 10**400, r"filing_status: .* is not text"),
        (["participants", 0, "nickname"], "x", r"participants\[0\]: 'nickname': no such entry"),
        (["inputs"], [], r"inputs: "),
        (["extra"], 1, r"'extra' is no part of a plan"),
    ],
)
def test_json_of_the_wrong_shape_is_refused_by_its_path(example, path, value, message):
    with pytest.raises(DataError, match=f"(?m){message}"):
        service.optimize(set_at(example, path, value))


def nested(deep, inner):
    """Something inside so many lists or mappings."""
    for _ in range(deep):
        inner = [inner] if isinstance(inner, list) else {"a": inner}
    return inner


@pytest.mark.parametrize("inner", [[], {}], ids=["lists", "mappings"])
@pytest.mark.parametrize(
    ("path", "where"),
    [
        (["rules"], "rules"),
        (["rules", "name"], "rules"),
        (["policy"], "policy"),
        (["participants"], "participants"),
        (["participants", 3, "holdings"], r"participants\[3\].holdings"),
        (["inputs"], "inputs"),
        (["schema"], "schema"),
    ],
)
def test_what_is_nested_too_deep_is_refused_by_its_path_at_every_door(example, path, where, inner):
    sent = set_at(example, path, nested(10_000, inner))
    told = service.check(sent)
    assert not told["accepted"]
    assert all(re.match(where, found["where"]) for found in told["findings"])
    for call, more in DOORS:
        with pytest.raises(DataError, match=f"^{where}"):
            call(sent, *more)


#: Each door that a plan goes through, and what else it is handed.
DOORS = [
    (service.optimize, ()),
    (service.glidepath, ()),
    (service.exposures, ()),
    (service.outlook, ("P0001",)),
    (service.solve_for, ("P0001", "spending")),
    (service.rebalance, ("P0001",)),
]


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        (5, "plan"),
        (None, "plan"),
        ({}, "schema"),
        ({"schema": ["plan/2"]}, "schema"),
        ({"schema": plan.SCHEMA}, "plan"),
        ({"schema": plan.SCHEMA, "rules": {}, "lineup": [], "people": []}, "plan"),
    ],
)
def test_what_is_no_plan_says_so_by_its_path_at_every_door(sent, where):
    assert service.check(sent)["findings"][0]["where"] == where
    for call, more in DOORS:
        with pytest.raises(DataError) as caught:
            call(sent, *more)
        assert service.refusal(caught.value)["error"]["where"] == [where]


def ruled(**entries):
    return {"rules": [{"kind": "Bounds", "name": "cap", **entries}]}


@pytest.mark.parametrize(
    ("mandate", "where"),
    [
        ([], "mandate"),
        ("x", "mandate"),
        ({"rules": [None]}, "mandate.rules[0]"),
        (ruled(kind="Wish"), "mandate.rules[0].kind"),
        (ruled(kind=["Bounds"]), "mandate.rules[0].kind"),
        (ruled(name=5), "mandate.rules[0].name"),
        (ruled(wish=1), "mandate.rules[0]"),
        (ruled(limit=0.1), "mandate.rules[0]"),
        (ruled(upper=40), "mandate.rules[0]"),
        (ruled(upper="40%"), "mandate.rules[0].upper"),
        (ruled(upper=True), "mandate.rules[0].upper"),
        (ruled(upper={"LCIDX": None}), "mandate.rules[0].upper"),
        (ruled(upper={"LCIDX": 10**400}), "mandate.rules[0].upper"),
        (ruled(upper={"NOPE": 0.4}), "mandate.rules[0]"),
        (ruled(upper=nested(10_000, {})), "mandate.rules[0].upper"),
        (ruled(), "mandate.rules[0]"),
        ({"pins": {"NOPE": 0.1}}, "mandate.pins"),
        ({"pins": {"LCIDX": 10}}, "mandate.pins.LCIDX"),
    ],
)
def test_a_mandate_that_cannot_be_meant_is_refused_by_its_path(example, mandate, where):
    for call in (
        lambda: service.optimize(example, None, mandate),
        lambda: service.rebalance(example, "P0001", mandate),
    ):
        with pytest.raises(DataError) as caught:
            call()
        assert service.refusal(caught.value)["error"]["where"] == [where]


def traded(**entries):
    return [{"on": "2026-01-02", "fund": "LCIDX", "change": 0.1, **entries}]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"trades": 5}, "trades"),
        ({"trades": [None]}, "trades[0]"),
        ({"trades": [{"on": "2026-01-02"}]}, "trades[0]"),
        ({"trades": traded(note="x")}, "trades[0]"),
        ({"trades": traded(on="soon")}, "trades[0].on"),
        ({"trades": traded(on="2026-02-30")}, "trades[0].on"),
        ({"trades": traded(on="2126-01-02")}, "trades[0].on"),
        ({"trades": traded(fund="NOPE")}, "trades[0].fund"),
        ({"trades": traded(fund=None)}, "trades[0].fund"),
        ({"trades": traded(change=10)}, "trades[0].change"),
        ({"trades": traded(change="0.1")}, "trades[0].change"),
        ({"trades": traded(change=math.nan)}, "trades[0].change"),
        ({"trades": traded(change=10**400)}, "trades[0].change"),
        ({"on": "2026-W01-1"}, "on"),
        ({"on": "0001-01-01"}, "on"),
        ({"on": ""}, "on"),
        ({"on": 20260101}, "on"),
        ({"participant": ["P0001"]}, "participant"),
        ({"participant": None}, "participant"),
        ({"participant": "NOBODY"}, "participant"),
    ],
)
def test_a_review_that_cannot_be_made_is_refused_by_its_path(example, given, where):
    with pytest.raises(DataError) as caught:
        service.rebalance(example, **{"participant": "P0001", **given})
    assert service.refusal(caught.value)["error"]["where"] == [where]


@pytest.mark.parametrize("who", [None, True, 1.5, ["P0001"], {"a": 1}, "x" * 10**7])
def test_an_unknown_participant_is_refused_without_naming_others(example, who):
    for call, more in ((service.outlook, ()), (service.solve_for, ("spending",))):
        with pytest.raises(DataError, match=r"^participant: no participant ") as caught:
            call(example, who, *more)
        assert "P0001'," not in str(caught.value) and len(str(caught.value)) < 200


def test_whatever_is_wrong_with_one_plan_is_that_plans_answer(example):
    good = {**example, "participants": []}
    wrong = [
        None,
        [],
        "plan",
        5,
        {**good, "rules": None},
        set_at(good, ["lineup", 0], 1),
        {**good, "schema": "unknown"},
        {"schema": plan.SCHEMA},
        {**good, "participants": 1},
    ]
    plans = [good]
    for each in wrong:
        plans += [each, good]
    answers = service.optimize_many(plans, None, LOOSE, workers=2)
    assert len(answers) == len(plans)
    assert all(answer == answers[0] for answer in answers[::2]) and "weights" in answers[0]
    assert [answer["error"]["type"] for answer in answers[1::2]] == ["DataError"] * len(wrong)
    assert all(answer["error"]["message"] for answer in answers[1::2])
    every = service.optimize_many([good, good], None, {"posture": "bold"}, workers=1)
    assert [answer["error"]["type"] for answer in every] == ["DataError"] * 2


def _troubled(real):
    """`optimize`, but for plans of certain names."""

    def optimize(content, *rest):
        name = content["rules"]["name"]
        if name == "dies":
            os._exit(9)
        while name == "never ends":
            time.sleep(0.05)
        if name == "runs out":
            raise MemoryError("no more")
        return real(content, *rest)

    return optimize


@pytest.mark.skipif(
    multiprocessing.get_start_method() != "fork", reason="the trouble is planted before the fork"
)
def test_a_process_that_dies_or_never_ends_costs_one_plan(example, monkeypatch):
    monkeypatch.setattr(service, "optimize", _troubled(service.optimize))
    good = {**example, "participants": []}
    names = ["a", "dies", "b", "never ends", "c", "runs out", "d"]
    plans = [set_at(good, ["rules", "name"], name) for name in names]
    seen = []
    answers = service.optimize_many(
        plans, None, LOOSE, workers=2, seconds=6, progress=lambda *of: seen.append(of)
    )
    found = [answer.get("error", {}).get("type", "served") for answer in answers]
    served = "served"
    assert found == [served, "WorkerDied", served, "OverTime", served, "MemoryError", served]
    assert "exit code 9" in answers[1]["error"]["message"]
    assert "within 6 seconds" in answers[3]["error"]["message"]
    assert seen == [(at + 1, 7) for at in range(7)]


def test_processes_end_with_the_one_that_started_them(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import time\nfrom portlib import service\n"
        "service.optimize = lambda *rest: time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    print('started', flush=True)\n"
        "    service.optimize_many([{}, {}], workers=2, seconds=60)\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as parent:
        assert parent.stdout.readline() == b"started\n"
        time.sleep(2)
        parent.terminate()
        parent.wait()
        for _ in range(100):
            try:
                os.killpg(parent.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)
        os.killpg(parent.pid, signal.SIGKILL)
        pytest.fail("a process outlived the one that started it")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workers": -1}, "workers: -1 is not a whole number above 0"),
        ({"workers": 0}, "workers: 0 is not"),
        ({"workers": 1.5}, "workers: 1.5 is not"),
        ({"workers": True}, "workers: True is not"),
        ({"seconds": 0}, "seconds: 0 is not a number above 0"),
        ({"seconds": math.nan}, "seconds: nan is not"),
        ({"megabytes": "x"}, "megabytes: 'x' is not a number above 0"),
        ({"megabytes": 0}, "megabytes: 0 is not"),
    ],
)
def test_no_workers_and_no_time_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        service.optimize_many([], **given)


def test_absurdly_many_workers_are_no_more_than_there_are_cores_or_plans(example):
    good = {**example, "participants": []}
    assert len(service.optimize_many([good], None, LOOSE, workers=10**6)) == 1
    assert service.optimize_many([]) == []
    with pytest.raises(DataError, match=r"plans: .* is no list of plans"):
        service.optimize_many(good)


def test_the_glidepath_is_that_of_the_module_and_never_rises():
    awkward = plan.read(AWKWARD)
    whole = awkward.to_json()
    lineup = [{**row, "plan_share": None} for row in whole["lineup"]]
    sent = {**whole, "lineup": lineup, "participants": whole["participants"][:8]}
    answer = strict(service.glidepath(sent, seed=3))
    ours = glidepaths.custom(plan.from_json(sent), seed=3)
    assert answer["parameters"] == {name: float(value) for name, value in ours.parameters.items()}
    assert answer["value"] == pytest.approx(ours.value)
    assert (np.diff(answer["equity"]) <= 1e-12).all() and (
        np.diff(answer["years_to_retirement"]) < 0
    ).all()
    assert np.sum(list(answer["weights"].values()), axis=0) == pytest.approx(1)
    with pytest.raises(ValueError, match="send its participants"):
        service.glidepath({**sent, "participants": []})


# ---- the shell -----------------------------------------------------------------------------------


def process(*arguments, stdin=""):
    """The command, as a shell starts it."""
    command = [sys.executable, "-m", "portlib", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, input=stdin, check=False, env=environment
    )


def test_the_shells_door_answers_as_the_function_does(example, tmp_path, shell):
    answer = process(
        "optimize",
        "--plan",
        "data/plan",
        "--posture",
        "growth",
        "--most-funds",
        "0",
        "--no-whole-percent",
    )
    assert answer.returncode == 0 and answer.stderr == ""
    assert json.loads(answer.stdout) == service.optimize(
        example, None, {"posture": "growth", **LOOSE}
    )
    through = process("optimize", "--plan", "-", stdin=json.dumps(example))
    (tmp_path / "plan.json").write_text(json.dumps(example), encoding="utf-8")
    assert through.stdout == shell("optimize", "--plan", str(tmp_path / "plan.json")).stdout != ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("optimize", "--plan", "nowhere"), "no such folder"),
        (("optimize", "--plan", "data/plan", "--posture", "bold"), "posture: 'bold' is not"),
        (("optimize", "--plan", "data/plan/lineup.csv"), "lineup.csv: is not strict JSON"),
        (("optimize", "--plan", "-"), "standard input: is not strict JSON"),
        (("optimize", "--plan", "data/plan", "--assumptions", "nowhere.json"), "nowhere.json"),
    ],
)
def test_the_shell_is_told_what_is_wrong_and_nothing_is_printed(arguments, message, shell):
    answer = shell(*arguments)
    assert answer.returncode == 1 and answer.stdout == "" and message in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "is nested too deep"),
        ('{"schema": NaN}', "NaN is no number"),
        ('{"schema": 1, "schema": 2}', "'schema' is given twice"),
        ("[1, 2]", "a plan is a mapping"),
    ],
)
def test_the_shell_reads_strict_json_only(text, message, shell):
    answer = shell("optimize", "--plan", "-", stdin=text)
    assert answer.returncode == 1 and answer.stdout == "" and message in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_cannot_be_written_is_said_and_not_traced():
    command = f"{sys.executable} -m portlib schema plan > /dev/full"
    answer = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert answer.returncode == 1 and "No space left" in answer.stderr
    assert "Traceback" not in answer.stderr and "Exception" not in answer.stderr


# ---- outlooks ------------------------------------------------------------------------------------


def test_an_outlook_and_its_inverse_agree_through_json(example):
    who, few = "P0002", {"lives": 1_000}
    now = strict(service.outlook(example, who, **few))
    assert now["low"] < now["chance"] < now["high"] and now["plan"] == plan.read().fingerprint
    spent = strict(service.solve_for(example, who, "spending", **few))
    assert {f"{a['success']:g}": a["value"] for a in spent["answers"]} == now["lasting"]
    (answer,) = service.solve_for(example, who, "deferral_rate", 0.5, **few)["answers"]
    then = service.outlook(example, who, {"deferral_rate": answer["value"]}, **few)
    assert answer["reached"] and then["chance"] == pytest.approx(answer["chance"])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("outlook", "NOBODY"), "no participant 'NOBODY'"),
        (("outlook", "P0001", {"deferral_rate": 10}), r"changes.deferral_rate"),
        (("outlook", "P0001", {"luck": 1}), "luck"),
        (("solve_for", "P0001", "luck"), "lever"),
        (("solve_for", "P0001", "spending", 85), "success"),
    ],
)
def test_an_outlook_that_cannot_be_given_is_refused_by_name(example, call, says):
    name, *arguments = call
    with pytest.raises(DataError, match=says):
        getattr(service, name)(example, *arguments)


def test_the_shell_gives_outlooks_and_solutions(capsys):
    folder = str(ROOT / "data" / "plan")
    few = ["--plan", folder, "--participant", "P0001", "--lives", "200"]
    assert main(["outlook", *few, "--deferral-rate", "0.1"]) == 0
    assert json.loads(capsys.readouterr().out)["participant"] == "P0001"
    assert main(["solve", *few, "--lever", "spending", "--success", "0.8"]) == 0
    assert json.loads(capsys.readouterr().out)["answers"][0]["success"] == 0.8
    assert main(["outlook", *few, "--deferral-rate", "10"]) == 1
    assert "changes.deferral_rate" in capsys.readouterr().err


def test_a_spouse_and_risky_pay_are_in_outlooks_and_their_inverse(example):
    who, few = "P0002", {"lives": 1_000}
    alone = strict(service.outlook(example, who, **few))
    couple = strict(service.outlook(example, who, {"spouse": {"age": 45}}, **few))
    assert (alone["couple"], couple["couple"], alone["pay"]) == (False, True, "planned")
    assert couple["wanted"] == alone["wanted"] and couple["benefit"] > 1.4 * alone["benefit"]
    earning = strict(service.outlook(example, who, {"spouse": {"age": 45, "pay": 78_600}}, **few))
    assert earning["wanted"] == pytest.approx(2 * alone["wanted"])
    risky = strict(service.outlook(example, who, pay="risky", **few))
    assert risky["pay"] == "risky" and risky["balance"]["0.9"] > alone["balance"]["0.9"]
    assert risky["balance"]["0.1"] < alone["balance"]["0.1"]
    two = {"spouse": {"age": 45}}
    solved = strict(service.solve_for(example, who, "spending", None, two, pay="risky", **few))
    both = strict(service.outlook(example, who, two, pay="risky", **few))
    assert {f"{a['success']:g}": a["value"] for a in solved["answers"]} == both["lasting"]


def test_a_plan_that_knows_a_spouse_gives_the_outlook_of_a_couple(example):
    first, second, *others = example["participants"]
    married = {**second, "spouse_birth_year": 2026 - 45}
    sent = {**example, "participants": [first, married, *others]}
    few = {"lives": 500}
    asked = service.outlook(example, "P0002", {"spouse": {"age": 45}}, **few)
    known = service.outlook(sent, "P0002", **few)
    drop = ("plan",)
    assert {k: v for k, v in known.items() if k not in drop} == {
        k: v for k, v in asked.items() if k not in drop
    }
    assert service.outlook(sent, "P0001", **few)["couple"] is False
    alone = service.outlook(sent, "P0002", {"spouse": None}, **few)
    assert alone["benefit"] == service.outlook(example, "P0002", **few)["benefit"]
    again = plan.from_json(plan.from_json(sent).to_json())
    assert again.fingerprint == plan.from_json(sent).fingerprint
    assert "spouse_birth_year" not in plan.from_json(example).participants


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"spouse_birth_year": 1980.5}, "spouse_birth_year.*no whole year"),
        ({"spouse_birth_year": 2020}, "spouse_birth_year.*no spouse's age in 2026"),
        ({"spouse_birth_year": 1980, "filing_status": "single"}, "filing_status.*unmarried"),
        ({"spouse_pay": 50_000}, "spouse_pay.*spouse_birth_year is not given"),
        ({"spouse_birth_year": 1980, "spouse_pay": -1}, "spouse_pay"),
        ({"spouse_birth": 1980}, "did you mean 'spouse_birth_year'"),
    ],
)
def test_a_spouse_that_cannot_be_meant_is_refused_by_place(example, entries, says):
    people = [{**example["participants"][1], **entries}]
    with pytest.raises(DataError, match=rf"participants\[0\].*{says}"):
        service.outlook({**example, "participants": people}, "P0002", lives=100)


@pytest.mark.parametrize(
    ("changes", "pay", "says"),
    [
        ({"spouse": {}}, "planned", r"changes.spouse: 'age' is missing"),
        ({"spouse": {"age": 60, "claiming_age": 61}}, "planned", r"changes.spouse.claiming_age"),
        ({"spouse": {"age": 60, "name": "B"}}, "planned", r"changes.spouse: 'name': no such entry"),
        ({"spouse": {"age": 60.5}}, "planned", r"changes.spouse.age: 60.5 is not a whole number"),
        ({"survivor_spending": 70}, "planned", r"survivor_spending.*in percent\? Write 0.7"),
        ({}, "lucky", r"pay: 'lucky' is not one of planned, risky"),
    ],
)
def test_a_couple_or_pay_that_cannot_be_meant_is_refused_by_path(example, changes, pay, says):
    for call in (("outlook",), ("solve_for", "spending", None)):
        name, *more = call
        with pytest.raises(DataError, match=says):
            getattr(service, name)(example, "P0001", *more, changes, pay=pay)


def test_the_shell_asks_for_couples_and_risky_pay(capsys):
    folder = str(ROOT / "data" / "plan")
    few = ["--plan", folder, "--participant", "P0002", "--lives", "200"]
    assert main(["outlook", *few, "--spouse-age", "45", "--pay", "risky"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["couple"], said["pay"]) == (True, "risky")
    assert main(["outlook", *few, "--alone"]) == 0
    assert json.loads(capsys.readouterr().out)["couple"] is False
    assert main(["solve", *few, "--lever", "spending", "--spouse-pay", "40000"]) == 1
    assert "changes.spouse: 'age' is missing" in capsys.readouterr().err


# ---- what is handed on, and what is kept ---------------------------------------------------------


@pytest.fixture(scope="module")
def nobody(example):
    return {**example, "participants": []}


@pytest.fixture(scope="module")
def less_correlated(example):
    usual = plan_menu.class_assumptions(plan.from_json(example))
    sigma = 0.7 * usual.sigma + 0.3 * np.diag(np.diag(usual.sigma))
    return {
        "labels": list(usual.labels),
        "mu": usual.mu.tolist(),
        "sigma": sigma.tolist(),
        "rf": usual.rf,
        "source": "less correlated",
    }


class Asked(Exception):
    """Ends a call where another begins."""


def asked_of(monkeypatch, module, name, call):
    """With what a function was called."""
    seen = []

    def stop(*arguments, **named):
        seen.append((arguments, named))
        raise Asked

    monkeypatch.setattr(module, name, stop)
    with pytest.raises(Asked):
        call()
    return seen[0]


def test_a_glidepath_is_asked_for_with_what_was_sent(example, less_correlated, monkeypatch):
    (ours, given), named = asked_of(
        monkeypatch,
        service.glidepaths,
        "custom",
        lambda: service.glidepath(example, less_correlated, seed=41),
    )
    assert ours.fingerprint == plan.from_json(example).fingerprint and named == {"seed": 41}
    assert given.sigma.tolist() == less_correlated["sigma"] and given.source == "less correlated"


def test_an_outlook_and_its_inverse_are_asked_for_with_what_was_sent(example, monkeypatch):
    changes = {
        "deferral_rate": 0.11,
        "retirement_age": 68,
        "claiming_age": 69,
        "spending": 51_000,
        "other_income": 2_000,
        "pension": 3_000,
        "spouse": {"age": 44, "pay": 60_000, "sex": "female", "claiming_age": 66},
        "survivor_spending": 0.7,
        "survivor_pension": 0.4,
    }
    assert changes.keys() == service.CHANGES.keys()
    drawn = {"pay": "risky", "lives": 120, "seed": 9}
    spouse = service.Spouse(44, 60_000, sex="female", claiming_age=66)
    expected = {**changes, **drawn, "spouse": spouse}
    (_, who), named = asked_of(
        monkeypatch,
        service.outlooks,
        "outlook",
        lambda: service.outlook(example, "P0003", changes, **drawn),
    )
    assert (who, named) == ("P0003", expected)
    (lever, _, who), named = asked_of(
        monkeypatch,
        service.contributions,
        "solve_for",
        lambda: service.solve_for(example, "P0003", "spending", 0.8, changes, **drawn),
    )
    assert (lever, who, named) == ("spending", "P0003", {**expected, "success": 0.8})
    assert changes["spouse"]["age"] == 44, "what was sent is left as it was"


def test_what_was_set_up_for_one_question_answers_no_other(nobody, less_correlated):
    dearer = {**less_correlated, "mu": [m + 0.01 for m in less_correlated["mu"]]}
    stricter = copy.deepcopy(nobody)
    entries = plan.from_json(nobody).policy.replace(max_single_fund=0.3)
    stricter["policy"] = entries.to_json()
    questions = [
        (nobody, None, {}),
        (nobody, less_correlated, {}),
        (nobody, dearer, {}),
        (stricter, None, {}),
        (stricter, less_correlated, {}),
        (nobody, None, {"posture": "growth"}),
        (nobody, None, {"pins": {"LCIDX": 0.2}}),
        (nobody, None, {"optimizer": "ERC"}),
        (nobody, None, {}),
    ]
    loose = [(one, given, {**asked, **LOOSE}) for one, given, asked in questions]
    loose[7] = questions[7]

    together = [service.optimize(*one) for one in loose]
    assert together[0] == together[8]
    assert len({json.dumps(one) for one in together}) == 8
    for one, told in zip(loose[::-1], together[::-1], strict=True):
        for store in (service._READ, service._SET_UP, service._ASKED):
            store.clear()
        assert service.optimize(*one) == told


def test_a_plan_that_is_changed_in_place_and_sent_again_is_read_again(nobody):
    sent = copy.deepcopy(nobody)
    before = service.optimize(sent, None, LOOSE)
    sent["lineup"][0]["expense_ratio"] *= 2
    after = service.optimize(sent, None, LOOSE)
    assert after["plan"] == plan.from_json(sent).fingerprint != before["plan"]
    assert before["plan"] == plan.from_json(nobody).fingerprint


def test_a_risk_aversion_at_either_end_of_a_band_is_in_it():
    ours = plan.read().policy
    for posture, (low, high) in ours["risk_aversion_bands"].items():
        for aversion in (low, high):
            asked = {"posture": posture, "risk_aversion": aversion}
            assert service._posture(asked, ours) == (posture, aversion)
        for aversion in (low - 1e-6, high + 1e-6):
            with pytest.raises(DataError, match=r"^mandate.risk_aversion: .*band of"):
                service._posture({"posture": posture, "risk_aversion": aversion}, ours)
        alone = {"posture": posture}
        assert service._posture(alone, ours) == (posture, ours["model_risk_aversion"][posture])


def test_orders_of_an_account_are_its_changes_in_dollars_of_what_is_considered(example):
    ours = plan.from_json(example)
    stock = ours.rules["employer_stock"]["fund"]
    options = [fund for fund in ours.funds.index if fund != stock]
    who = str(ours.holdings.index[(ours.holdings[stock] == 0).to_numpy()][1])
    funds = plan_menu.menu_assumptions(ours)
    aversion = ours.policy["model_risk_aversion"]["growth"]
    told = service.rebalance(example, who, {"posture": "growth"}, on=f"{ours.as_of}")
    assert told == service.rebalance(example, who, {"posture": "growth"}), "the plan's own day"
    assert (told["participant"], told["posture"], told["on"]) == (who, "growth", f"{ours.as_of}")
    before, after = ([told[side].get(f, 0.0) for f in funds.labels] for side in ("before", "after"))
    assert sum(before) == pytest.approx(1) == pytest.approx(sum(after))
    opened = plan_menu.each_vintage(ours).holdings.loc[who]
    dollars = ours.participants["balance"][who] * sum(opened[fund] for fund in funds.labels)
    for fund, x, y in zip(funds.labels, before, after, strict=True):
        assert told["orders"].get(fund, 0.0) == pytest.approx(dollars * (y - x), abs=0.0051)
    worth = [float(funds.mu @ w) - aversion / 2 * funds.risk_of(w) ** 2 for w in (before, after)]
    assert told["gain"] == pytest.approx(worth[1] - worth[0])
    same_day = [{"on": f"{ours.as_of}", "fund": options[0], "change": 0.01}]
    assert service.rebalance(example, who, None, same_day)["participant"] == who
    late = f"{ours.as_of.replace(day=1)}"
    with pytest.raises(DataError, match=f"^on: {late} is before {ours.as_of}"):
        service.rebalance(example, who, on=late)


def test_a_refusal_names_each_place_once_and_only_places():
    told = service.refusal(DataError("rules.as_of: bad\nlineup[3].fund: bad\nrules.as_of: worse"))
    assert told["error"]["where"] == ["rules.as_of", "lineup[3].fund"]
    assert told["error"]["type"] == "DataError" and told["error"]["conflict"] is None
    assert service.refusal(DataError("no place is said"))["error"]["where"] is None
    other = service.refusal(ValueError("rules: of another kind"))["error"]
    assert (other["type"], other["where"]) == ("ValueError", None)
    assert len(service.error("X", "m" * 6000)["error"]["message"]) == 5000


def test_a_check_says_what_is_wrong_where_and_that_what_is_sound_is(nobody):
    assert service.check(nobody) == {"schema": service.CHECK, "accepted": True, "findings": []}
    worse = copy.deepcopy(nobody)
    worse["lineup"][1]["expense_ratio"] = 2.0
    told = service.check(worse)
    assert told["accepted"] is False and len(told["findings"]) == 1
    (finding,) = told["findings"]
    assert finding["where"] == "lineup[1].expense_ratio" and finding["refused"] is True
    assert finding["problem"].startswith("2 is not between 0 and 0.02")
    other = service.check({"schema": "other"})["findings"]
    assert other[0]["where"] == "schema" and other[0]["problem"].startswith("'other' is unknown")


def test_a_forecast_is_sealed_with_the_assumptions_that_were_sent(
    nobody, less_correlated, monkeypatch
):
    sent = {}
    monkeypatch.setattr(
        service, "optimize", lambda one, given, asked: sent.update({asked["posture"]: given}) or {}
    )
    (classes, models, rivals, horizon), _ = asked_of(
        monkeypatch,
        service.sealed_forecasts,
        "statement",
        lambda: service.seal_forecast(
            nobody, None, b"", role="chair", at=None, assumptions=less_correlated
        ),
    )
    ours = plan.from_json(nobody)
    assert sent == dict.fromkeys(service.POSTURES, less_correlated) and list(models) == list(sent)
    assert classes.sigma.tolist() == less_correlated["sigma"]
    assert horizon == ours.policy["cma_horizon_years"]
    funds = plan_menu.menu_assumptions(ours, classes)
    equal = np.full(len(funds), 1 / len(funds))
    at = [less_correlated["labels"].index(name) for name in ("us_large_equity", "us_core_bonds")]
    mixed = np.array([0.6, 0.4])
    sixty = np.array(less_correlated["sigma"])[np.ix_(at, at)]
    assert rivals["equal shares"]["mean"] == pytest.approx(float(funds.mu @ equal))
    assert rivals["60/40"]["risk"] == pytest.approx(float(np.sqrt(mixed @ sixty @ mixed)))


def test_a_sealed_forecast_is_scored_for_its_plan_alone_by_who_sealed_it(nobody):
    """Sealed in the middle of January: February and March count, 1% and 2% in a sixth of a year."""
    ours, key = plan.from_json(nobody), bytes(31) + bytes([1])
    mix = {"m": {"weights": {"a": 1.0}, "mean": 0.05, "risk": 0.0}}
    other = {"r": {"weights": {"gold": 1.0}, "mean": 0.04, "risk": 0.2}}
    told = Assumptions(["a"], [0.06], [[0.04]], 0.02, "a view")
    log, at = AuditLog(), datetime(2026, 1, 15, 9, tzinfo=UTC)
    said = sealed_forecasts.statement(told, mix, other, 10)
    sealed_forecasts.seal(log, said, key, role="research", plan=ours.fingerprint, at=at)
    months = pd.to_datetime(["2026-01-31", "2026-02-28", "2026-03-31"])
    returns = pd.DataFrame({"a": [0.5, 0.01, 0.02]}, months)
    roster = {"research": signatures.address(key)}
    found = strict(service.score_forecasts(nobody, log, roster, returns))
    rows = [(one["sealed"], one["what"], one["name"], one["months"]) for one in found]
    day = "2026-01-15"
    assert rows == [(day, "class", "a", 2), (day, "portfolio", "m", 2), (day, "rival", "r", 0)]
    came, believed = (1.01 * 1.02) ** 6 - 1, 1.06**2 / (1.06**2 + 0.04) ** 0.5 - 1
    assert [one["came"] for one in found] == [pytest.approx(came), pytest.approx(came), None]
    assert found[0]["expected"] == pytest.approx(believed)
    assert found[0]["z"] == pytest.approx((came - believed) / (0.2 * 6**0.5))
    assert found[1]["z"] is None and found[1]["expected"] == pytest.approx(0.05)
    another = {**nobody, "rules": {**nobody["rules"], "name": "Another"}}
    strange = signatures.address(bytes(31) + bytes([2]))
    for given, roles in ((another, roster), (nobody, {"research": strange}), (nobody, {})):
        with pytest.raises(signatures.SignatureError):
            service.score_forecasts(given, log, roles, returns)


SAID = "--assumptions ASSUMPTIONS --seed 12"
DRAWN = "--participant P0003 --pay risky --lives 150 --seed 8"
CHANGED = "--deferral-rate 0.1 --retirement-age 66 --claiming-age 68.5 --spending 50000 "
CHANGED += "--spouse-age 44 --spouse-pay 9000"
CHANGES = {"deferral_rate": 0.1, "retirement_age": 66, "claiming_age": 68.5, "spending": 50_000}
COUPLE = {**CHANGES, "spouse": {"age": 44, "pay": 9_000}}


@pytest.mark.parametrize(
    ("module", "name", "arguments", "positional", "named"),
    [
        (
            "service",
            "optimize",
            "--posture growth --risk-aversion 2.5 --most-funds 0 --no-whole-percent "
            "--optimizer ERC --assumptions ASSUMPTIONS --pin LCIDX=0.2 --pin a=b=0.1 --rules RULES",
            [
                "ASSUMPTIONS",
                {
                    "posture": "growth",
                    "risk_aversion": 2.5,
                    "most_funds": 0,
                    "whole_percent": False,
                    "optimizer": "ERC",
                    "rules": ["RULES"],
                    "pins": {"LCIDX": 0.2, "a=b": 0.1},
                },
            ],
            {},
        ),
        ("service", "optimize", "", [None, {}], {}),
        ("service", "glidepath", SAID, ["ASSUMPTIONS"], {"seed": 12}),
        (
            "service",
            "rebalance",
            "--participant P0003 --posture growth --trades RULES --on 2026-07-01 --pin LCIDX=0.2",
            ["P0003", {"posture": "growth", "pins": {"LCIDX": 0.2}}, ["RULES"], "2026-07-01"],
            {},
        ),
        (
            "service",
            "outlook",
            f"{DRAWN} {CHANGED}",
            ["P0003", COUPLE],
            {"pay": "risky", "lives": 150, "seed": 8},
        ),
        (
            "service",
            "outlook",
            "--participant P0003 --alone --spending 0",
            ["P0003", {"spouse": None, "spending": 0}],
            {"pay": "planned", "lives": 4_000, "seed": 2026},
        ),
        (
            "service",
            "solve_for",
            f"{DRAWN} --lever spending --success 0.7 {CHANGED}",
            ["P0003", "spending", 0.7, COUPLE],
            {"pay": "risky", "lives": 150, "seed": 8},
        ),
        (
            "service_many",
            "optimize_lines",
            "RULES --out OUT --posture growth --workers 3 --seconds 4 --megabytes 500 "
            "--assumptions ASSUMPTIONS",
            ["OUT", "ASSUMPTIONS", {"posture": "growth"}],
            {"workers": 3, "seconds": 4.0, "megabytes": 500.0},
        ),
        (
            "service_many",
            "advise_lines",
            "RULES --out OUT --lives 30 --seed 4",
            ["RULES", "OUT"],
            {"lives": 30, "seed": 4},
        ),
    ],
)
def test_every_word_of_a_command_is_handed_on(
    module, name, arguments, positional, named, tmp_path, monkeypatch, capsys
):
    from portlib import service_many

    places = {"RULES": tmp_path / "rules.json", "ASSUMPTIONS": tmp_path / "told.json"}
    places["OUT"] = tmp_path / "out.jsonl"
    places["RULES"].write_text('["RULES"]')
    places["ASSUMPTIONS"].write_text('"ASSUMPTIONS"')
    seen = []

    def told(*given, **more):
        seen.append((given, more))
        return {"answered": True}

    where = {"service": service, "service_many": service_many}[module]
    monkeypatch.setattr(where, name, told)
    command = {"solve_for": "solve", "optimize_lines": "many", "advise_lines": "advise"}
    words = [str(places.get(word, word)) for word in arguments.split()]
    folder = [] if name == "optimize_lines" else ["--plan", str(ROOT / "data" / "plan")]
    assert main([command.get(name, name), *words, *folder]) == 0
    assert "answered" in capsys.readouterr().out
    ((first, *rest), more) = seen[0]
    if module == "service_many":
        paths = {places["RULES"]: "RULES", places["OUT"]: "OUT"}
        rest = [paths.get(one, one) if isinstance(one, Path) else one for one in rest]
    assert (rest, more) == (positional, named)
    if name == "optimize_lines":
        assert first == places["RULES"]
    else:
        assert plan.from_json(first).fingerprint == plan.read(ROOT / "data" / "plan").fingerprint
