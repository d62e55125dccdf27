"""Replays, counts and sensitivities against other formulas, made-up files and brute force; and what
must be refused."""

import dataclasses
import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import CubicSpline, PchipInterpolator, interp1d
from scipy.optimize import minimize, minimize_scalar

from portlib import data, plan
from portlib.construction.mean_variance import frontier, target_return
from portlib.records import Assumptions
from portlib.retirement import model_portfolios as models
from portlib.stewardship import model_validation as validation
from portlib.stewardship.model_validation import replications
from portlib.stewardship.model_validation import validation as inside

MOVED = (
    "equity expected to earn less",
    "equity expected to earn more",
    "bonds expected to earn more",
)


# ---- replays -------------------------------------------------------------------------------------


def test_every_replay_is_proved() -> None:
    for replay in validation.replayed():
        assert replay.proved, replay


def test_a_replay_needs_both_halves() -> None:
    good = validation.Replay("a", "b", 0.5, 0.6, 0.5004, 1e-2, "why")
    assert good.proved
    assert not good._replace(right=0.504).proved  # nothing is wrong with the printed number
    assert not good._replace(replayed=0.52).proved  # the error does not explain it


def test_what_is_right_in_each_replay_is_right_by_hand() -> None:
    """Not only apart from what was printed: the number itself, whose it is, and what it is of."""
    made = {replay.source: replay for replay in validation.replayed()}
    case = inside.read("bodie_kane_marcus_two_risky_assets")
    sd = np.array(case["sd"])
    sigma = np.outer(sd, sd) * np.array([[1, case["rho"]], [case["rho"], 1]])
    shares = np.linalg.solve(sigma, np.array(case["mean"]) - case["rf"]) / case["risk_aversion"]
    two = made["Bodie, Kane and Marcus"]
    assert two.right == pytest.approx(shares.sum())
    excess = case["tangency_mean"] - case["rf"]
    assert two.replayed == pytest.approx(
        excess / (case["risk_aversion"] * case["tangency_sd"] ** 2)
    )
    case = inside.read("maillard_roncalli_teiletche_2010_erc")
    sd = np.array(case["volatility"])
    sigma = np.outer(sd, sd) * np.array(case["correlation"])
    w = np.full(len(sd), 1 / len(sd))
    shares = w * (sigma @ w) / (w @ sigma @ w)
    cut = made["Maillard and others (2010)"]
    at = int(cut.quantity.removeprefix("share of risk of asset ").split(",")[0]) - 1
    assert cut.right == pytest.approx(shares[at])
    assert cut.replayed == pytest.approx(float(f"{shares[at]:.6f}"[:5]))
    assert made["a page on target-date funds"].digit == 1e-2
    assert cut.digit == 1e-3 and two.digit == 1e-4


def test_ruin_drawn_one_by_one_is_ruin_by_its_law() -> None:
    """By the exact law of the same case, within four standard errors and a month's coarseness."""
    case = inside.read("milevsky_robinson_2005_ruin")
    share, error = inside.ruined(4_000, np.random.default_rng(11))
    mu, sd = case["mean_real"], case["sd"]
    hazard = np.log(2) / case["median_remaining_life"]
    exact = inside.ruin.constant_hazard_exactly(mu, sd, hazard, case["wealth_over_spending"])
    assert share == pytest.approx(exact, abs=4 * error + 2e-3)
    assert error == pytest.approx(np.sqrt(share * (1 - share) / 4_000))


def test_reach_is_in_digits_of_what_is_printed() -> None:
    """With every covariance half a digit higher, by the same table twice: how far each number goes,
    over its last digit."""

    class Highest:
        def uniform(self, low, high, shape):
            return np.full(shape, high)

    case = inside.read("idzorek_2004_table6")
    moved = {**case, "covariance": np.array(case["covariance"]) + 0.5e-6}
    before, after = ({row.quantity: row for row in inside.idzorek(one)} for one in (case, moved))
    found = inside.reach(list(before), 1, Highest())
    for name, row in before.items():
        apart = np.abs(np.asarray(after[name].ours) - np.asarray(row.ours)).max()
        assert found[name] == pytest.approx(apart / row.digit, rel=1e-6, abs=1e-12)
    some = list(before)[:1]
    assert list(inside.reach(some, 1, Highest()).index) == some


def test_usual_interpolations_do_not_give_the_printed_allocation() -> None:
    """What the notes call an unknown rule is none of the three that one would try first."""
    case = replications.read("mathworks_frontcon_portalloc")
    view = Assumptions(list("abc"), case["mean"], case["cov"], case["borrowing_rate"], "MathWorks")
    traced = frontier(view)
    ten = [
        traced.target_return(float(r))
        for r in np.linspace(traced.means[-1], traced.means[0], case["points"])
    ]
    risk, mean, w = (np.array([getattr(x, what) for x in ten]) for what in ("risk", "mean", "w"))
    for rule in (interp1d, PchipInterpolator, CubicSpline):
        over, mix = rule(risk, mean), rule(risk, w, axis=0)
        slope = partial(lambda over, s: (view.rf - over(s)) / s, over)
        best = minimize_scalar(slope, bounds=(risk[0], risk[-1]), method="bounded")
        assert np.abs(mix(best.x) - case["allocation"]["risky_weights"]).max() > 1e-3


# ---- other people's results ----------------------------------------------------------------------


def test_claims_are_counted_as_the_chapters_make_them() -> None:
    counted = validation.verified_by(data.ROOT.parent / "notebooks")
    for path in (data.ROOT.parent / "notebooks").glob("*/*.md"):
        assert counted.loc[path.stem].sum() == path.read_text(encoding="utf-8").count(
            "evidence.claim("
        )


def test_a_claim_whose_method_is_not_said_in_place_is_refused(tmp_path: Path) -> None:
    chapter = tmp_path / "estimation" / "odd.md"
    chapter.parent.mkdir(parents=True)
    for text in ("evidence.claim('X', by=how)", 'evidence.claim("X", by="a hunch")'):
        chapter.write_text(text)
        with pytest.raises(replications.Unfiled, match=r"odd\.md: the methods"):
            validation.verified_by(tmp_path)


def test_fastest_peer_is_a_peer() -> None:
    rows = pd.DataFrame(
        [
            ("w", "1", "portlib", 2.0),
            ("w", "1", "floor: one product", 0.1),
            ("w", "1", "piqp, called directly", 0.5),
            ("w", "1", "skfolio", 8.0),
            ("w", "1", "PyPortfolioOpt, Clarabel", 3.0),
            ("w", "1", "Riskfolio-Lib", np.nan),
            ("v", "1", "portlib", 2.0),
            ("v", "1", "skfolio", 1.0),
            ("alone", "1", "portlib", 1.0),
        ],
        columns=["case", "size", "contestant", "median_ms"],
    )
    found = validation.against_peers(rows)
    assert found["case"].tolist() == ["v", "w"]
    assert found["fastest peer"].tolist() == ["skfolio", "PyPortfolioOpt, Clarabel"]
    assert found["ratio"].tolist() == [0.5, 1.5]


FAULTS = {
    "F-0": ("a", "portlib/retirement/taxes.py", ""),
    "F-1": ("a", "portlib/data.py", "no caller asks for it"),
    "F-2": ("b", "portlib/estimation/inference.py", ""),
}


def planted_in(folder: Path, caught: list[str], name: str = "catalogue") -> Path:
    catalogue = folder / f"{name}.yml"
    entries = [{"id": id, "equivalent": f[2], "version": "0.9.0"} for id, f in FAULTS.items()]
    catalogue.write_text(json.dumps(entries))
    lines = [
        f"{id},{kind},{file},what,{who},where,,08e8674,2026-11-29"
        for (id, (kind, file, _)), who in zip(FAULTS.items(), caught, strict=False)
    ]
    results = folder / ("results.csv" if name == "catalogue" else f"{name}_results.csv")
    results.write_text(
        "\n".join(["id,kind,file,what,caught_by,where,how,commit,date", *lines, "GONE" + "," * 8])
    )
    return catalogue


@pytest.mark.parametrize("name", ["catalogue", "independent"])
def test_planted_faults_have_their_layer_and_reason(tmp_path: Path, name: str) -> None:
    catalogue = planted_in(tmp_path, ["chapter", "nobody", "tests"], name)
    found = validation.planted(catalogue)
    assert found is not None
    assert found["id"].tolist() == list(FAULTS)
    assert found["commit"].unique().tolist() == ["08e8674"]  # and not the number 8e8674
    assert found["equivalent"].tolist() == ["", "no caller asks for it", ""]
    assert (found["version"] + found["like"]).tolist() == ["0.9.0"] * 3
    assert found["layer"].tolist() == ["retirement", "ground floor and tooling", "estimation"]


def test_shares_of_faults_noticed_have_wilsons_interval() -> None:
    table = validation.noticed(pd.Series(["chapter", "nobody", "tests"]))
    assert table["noticed"].tolist() == [1, 2]
    # 1 of 3 by hand: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), z = 1.96
    ends = table.loc["chapters", ["low", "high"]].tolist()
    assert ends == pytest.approx([0.0615, 0.7923], abs=1e-4)


def test_faults_without_a_result_wait(tmp_path: Path) -> None:
    catalogue = planted_in(tmp_path, ["chapter"])
    assert validation.waiting(catalogue) == ["F-1", "F-2"]
    (tmp_path / "results.csv").unlink()
    assert validation.planted(catalogue) is None
    assert validation.waiting(catalogue) == list(FAULTS)


# ---- sensitivity ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[None, "awkward"])
def the_plan(request: pytest.FixtureRequest) -> plan.Plan:
    return (
        plan.read()
        if request.param is None
        else plan.read(Path(__file__).parents[2] / "plans" / request.param)
    )


def test_the_decided_portfolio_is_the_model_without_whole_percents(the_plan: plan.Plan) -> None:
    posture, table = validation.sensitivity(the_plan)
    loose = {
        **the_plan.rules,
        "models": {"most_funds": len(the_plan.funds), "whole_percent": False},
    }
    free = dataclasses.replace(the_plan, rules=loose)
    model = models.model(free, posture, validation.other_inputs(the_plan)["as decided"])
    row = table.loc["as decided"]
    expected = [model.equity, model.mean, model.risk]
    assert row[["equity", "expected return", "risk"]].tolist() == pytest.approx(expected, abs=1e-6)
    assert row[["moved", "cost of staying"]].tolist() == [0, 0]


def test_staying_never_gains_and_bolder_is_bolder(the_plan: plan.Plan) -> None:
    _, table = validation.sensitivity(the_plan)
    assert table["cost of staying"].min() >= -1e-10
    assert ((table["moved"] > -1e-12) & (table["moved"] <= 1)).all()
    risks = table.loc[table.index.str.startswith("risk aversion"), "risk"].tolist()
    assert (
        risks[0] <= table.loc["as decided", "risk"] + 1e-9
        and risks[1] >= table.loc["as decided", "risk"] - 1e-9
    )


def test_cost_of_staying_is_second_order(the_plan: plan.Plan) -> None:
    """The envelope theorem: the loss is at most the change of means times the weights that move."""
    posture, table = validation.sensitivity(the_plan)
    inputs = validation.other_inputs(the_plan)
    for name in MOVED:
        most = np.abs(inputs[name].mu - inputs["as decided"].mu).max()
        assert table.loc[name, "cost of staying"] <= 2 * most * table.loc[name, "moved"] + 1e-12
    assert posture in models.postures(the_plan.policy)


def test_inputs_move_by_the_standard_errors_of_providers_and_nothing_else(
    the_plan: plan.Plan,
) -> None:
    inputs = validation.other_inputs(the_plan)
    base, less, more = (inputs[name] for name in ("as decided", *MOVED[:2]))
    equity = np.isin(base.labels, the_plan.policy["equity_classes"])
    assert less.mu - base.mu == pytest.approx(base.mu - more.mu, abs=1e-15)
    assert ((more.mu > base.mu) == equity).all()
    assert all(
        np.array_equal(x.sigma, base.sigma)
        for x in (less, more, inputs["bonds expected to earn more"])
    )


def test_a_menu_that_allows_nothing_says_so(the_plan: plan.Plan) -> None:
    strict = the_plan.policy.replace(max_single_fund=0.01)
    bare = dataclasses.replace(the_plan, policy=strict, rules={**the_plan.rules, "default": None})
    bare = bare.offering(list(the_plan.exposures.index))
    with pytest.raises(ValueError, match="allows no portfolio in any posture"):
        validation.sensitivity(bare)


def test_ruin_without_risk_or_death_is_certain_or_impossible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty years' spending at no return lasts twenty years: ruin is to live longer."""
    case = {**replications.read("milevsky_robinson_2005_ruin"), "mean_real": 0.0, "sd": 1e-9}
    monkeypatch.setattr(validation.validation, "read", lambda name: case)
    share, error = validation.ruined(4000, np.random.default_rng(7))
    assert share == pytest.approx(2 ** (-20 / case["median_remaining_life"]), abs=4 * error)
    case["mean_real"] = 0.2
    assert validation.ruined(200, np.random.default_rng(7))[0] == 0


def test_an_optimum_that_is_only_rounded_counts_as_no_optimum_beaten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = {
        "mean": [0.05, 0.07, 0.09],
        "cov": np.diag([0.01, 0.02, 0.05]).tolist(),
        "citation": "a closed form",
    }
    view = Assumptions(list("abc"), case["mean"], case["cov"], 0.0)
    w = target_return(view, r=0.07).w
    for printed, sign in ((w.round(4), -1), (w + np.array([0.001, -0.002, 0.001]), 1)):
        made = {**case, "weights": printed.tolist()}
        monkeypatch.setattr(validation.validation, "read", lambda _, made=made: made)
        saved, rounding = validation.beaten("made up", 1e-4, 300, np.random.default_rng(1))
        assert 0 < rounding < 1e-6
        assert sign * (saved - rounding) > 0


def test_variance_saved_is_that_of_a_general_solver() -> None:
    case = replications.read("mathworks_frontcon_portalloc")
    sigma, w = np.array(case["cov"]), np.array(case["allocation"]["risky_weights"])
    w /= w.sum()
    rows = [
        {"type": "eq", "fun": lambda x: x.sum() - 1},
        {"type": "eq", "fun": lambda x: (x - w) @ case["mean"]},
    ]
    best = minimize(
        lambda x: 1e3 * x @ sigma @ x, w, bounds=[(0, 1)] * 3, constraints=rows, tol=1e-14
    )
    saved, _ = validation.beaten("mathworks_frontcon_portalloc", 1e-4, 1, np.random.default_rng(1))
    assert saved == pytest.approx(w @ sigma @ w / (best.fun / 1e3) - 1, abs=1e-7)


def test_figures_that_a_plan_brings_have_no_other_horizon_to_move_to() -> None:
    own = plan.read(Path(__file__).parents[3] / "plans" / "tsp")
    assert own.inputs.assumptions is not None
    assert not [name for name in validation.other_inputs(own) if "horizon" in name]
