"""Published risk budgets and hierarchical risk parity, to the digits printed."""

import json
import random
from itertools import product

import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list

from portlib.construction.mean_variance import equal_weights, minimum_risk
from portlib.construction.risk_parity import (
    bisected,
    contributions,
    equal_risk_contributions,
    hierarchical,
    hierarchy,
    inverse_volatility,
    risk_budgets,
)
from portlib.records import Allocation, Assumptions
from portlib.stewardship.model_validation.replications import CASES


def case(name: str) -> dict:
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


def assumptions(
    volatility: list[float], correlation: list[list[float]], source: str
) -> Assumptions:
    labels = [f"asset {i + 1}" for i in range(len(volatility))]
    return Assumptions(
        labels, np.zeros(len(labels)), np.outer(volatility, volatility) * correlation, 0.0, source
    )


def test_four_assets_of_maillard_roncalli_and_teiletche() -> None:
    published = case("maillard_roncalli_teiletche_2010_erc")
    view = assumptions(published["volatility"], published["correlation"], published["citation"])
    ours: dict[str, Allocation] = {
        "equal_weights": equal_weights(view),
        "minimum_variance": minimum_risk(view),
        "equal_risk": equal_risk_contributions(view),
    }
    for name, portfolio in ours.items():
        printed = published[name]
        assert portfolio.risk == pytest.approx(printed["risk"], abs=published["tolerance"])
        assert np.abs(portfolio.w - printed["w"]).max() <= published["tolerance"]
        if "marginal" in printed:
            marginal = view.sigma @ portfolio.w / portfolio.risk
            assert np.abs(marginal - printed["marginal"]).max() <= published["marginal_tolerance"]
            shares = contributions(view.sigma, portfolio.w)
            assert np.abs(shares - printed["shares"]).max() <= published["tolerance"]


def test_one_correlation_for_all_makes_the_inverse_volatilities() -> None:
    published = case("maillard_roncalli_teiletche_2010_erc")["one_correlation"]
    for rho in published["rho"]:
        correlation = np.full((4, 4), rho) + (1 - rho) * np.eye(4)
        view = assumptions(published["volatility"], correlation.tolist(), "one correlation")
        w = equal_risk_contributions(view).w
        assert (
            np.abs(w - published["equal_risk"]).max() <= 1e-12
        )  # exact fractions, not rounded ones
        assert w == pytest.approx(inverse_volatility(view).w, abs=1e-12)


def test_three_assets_of_roncalli() -> None:
    published = case("roncalli_2013_three_asset_budgeting")
    view = assumptions(published["volatility"], published["correlation"], published["citation"])
    budgets = dict(zip(view.labels, published["budgets"], strict=True))
    assert (
        np.abs(risk_budgets(view, budgets=budgets).w - published["budgeted"]).max()
        <= published["tolerance"]
    )
    assert (
        np.abs(equal_risk_contributions(view).w - published["equal_risk"]).max()
        <= published["tolerance"]
    )


def ten_series() -> tuple[dict, Assumptions]:
    published = case("lopezdeprado_2016_hrp")
    labels = [f"asset {i + 1}" for i in range(10)]
    return published, Assumptions(
        labels, np.zeros(10), published["cov"], 0.0, published["citation"]
    )


def test_ten_series_of_lopez_de_prado() -> None:
    published, view = ten_series()
    ours = {
        "hierarchical": hierarchical(view),
        "minimum_variance": minimum_risk(view),
        "inverse_variance": inverse_volatility(view, power=2.0),
    }
    for name, portfolio in ours.items():
        assert np.abs(portfolio.w - published[name]).max() <= published["tolerance"]
    assert (leaves_list(hierarchy(view.sigma)) + 1).tolist() == published["order"]


def test_the_table_needs_the_distance_between_columns() -> None:
    published, view = ten_series()
    direct = hierarchical(view, distance="correlation")
    assert np.abs(direct.w - published["hierarchical"]).max() > 0.01


def test_other_orders_of_the_same_tree_give_other_weights() -> None:
    """Each branch can be swapped without changing the tree: the printed weights are one of
    several."""
    _, view = ten_series()
    z = hierarchy(view.sigma)

    def leaves(node: int, swaps: dict[int, bool]) -> list[int]:
        if node < 10:
            return [node]
        left, right = (leaves(int(child), swaps) for child in z[node - 10, :2])
        return right + left if swaps[node] else left + right

    found = set()
    for choice in product([False, True], repeat=9):
        order = leaves(18, dict(zip(range(10, 19), choice, strict=True)))
        found.add(tuple(bisected(view.sigma, order).round(6)))
    assert len(found) > 10


def test_why_the_published_program_no_longer_gives_the_table() -> None:
    published = case("lopezdeprado_2016_hrp")
    random.seed(published["seed"])
    assert [random.randint(0, 4) for _ in range(5)] != published["copied_columns"]
