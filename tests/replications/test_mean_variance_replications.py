"""Published frontiers and tangency portfolios, to the digits printed."""

import json

import numpy as np
import pytest

from portlib import data
from portlib.construction.mandate import Bounds, Mandate, fully_invested, group_limit
from portlib.construction.mean_variance import (
    closed_form_minimum_variance,
    closed_form_risky_shares,
    closed_form_tangency,
    frontier,
    target_return,
)
from portlib.records import Assumptions
from portlib.stewardship.model_validation.portfolio_replications import library_problem
from portlib.stewardship.model_validation.replications import CASES


def case(name: str) -> dict:
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


def assumptions(published: dict, rf: float = 0.0) -> Assumptions:
    labels = [f"asset {i + 1}" for i in range(len(published["mean"]))]
    return Assumptions(labels, published["mean"], published["cov"], rf, published["citation"])


def test_turning_points_of_bailey_and_lopez_de_prado() -> None:
    published = case("bailey_lopezdeprado_2013_cla")
    traced = frontier(assumptions(published))
    ours = np.column_stack([traced.means, traced.risks, traced.trade_offs, traced.corners])
    table = np.array(published["turning_points"])
    assert ours.shape == table.shape
    assert np.abs(ours - table).max() <= published["turning_points_tolerance"]


def test_sharpe_and_variance_of_bailey_and_lopez_de_prado() -> None:
    published = case("bailey_lopezdeprado_2013_cla")
    traced = frontier(assumptions(published))
    best, least = traced.maximum_sharpe(), traced.minimum_risk()
    tolerance = published["weights_tolerance"]
    assert np.abs(best.w - published["maximum_sharpe"]["w"]).max() <= tolerance
    assert best.risk == pytest.approx(published["maximum_sharpe"]["risk"], abs=tolerance)
    assert best.sharpe == pytest.approx(published["maximum_sharpe"]["sharpe"], abs=tolerance)
    assert np.abs(least.w - published["minimum_variance"]["w"]).max() <= tolerance
    assert least.risk == pytest.approx(published["minimum_variance"]["risk"], abs=tolerance)


def test_two_risky_assets_of_bodie_kane_and_marcus() -> None:
    published = case("bodie_kane_marcus_two_risky_assets")
    mu, sd, rf, aversion = (
        np.array(published["mean"]),
        published["sd"],
        published["rf"],
        published["risk_aversion"],
    )
    sigma = np.diag(sd) @ np.array([[1, published["rho"]], [published["rho"], 1]]) @ np.diag(sd)
    view = Assumptions(["debt", "equity"], mu, sigma, rf, published["citation"])
    tangency, least = closed_form_tangency(mu, sigma, rf), closed_form_minimum_variance(sigma)
    traced = frontier(view)
    for w in (tangency, traced.maximum_sharpe().w):
        assert np.abs(w - published["tangency"]).max() <= published["weights_tolerance"]
        assert view.mean_of(w) == pytest.approx(
            published["tangency_mean"], abs=published["sd_tolerance"]
        )
        assert view.risk_of(w) == pytest.approx(
            published["tangency_sd"], abs=published["sd_tolerance"]
        )
        assert view.sharpe_of(w) == pytest.approx(
            published["tangency_sharpe"], abs=published["sharpe_tolerance"]
        )
    for w in (least, traced.minimum_risk().w):
        assert np.abs(w - published["minimum_variance"]).max() <= published["weights_tolerance"]
        assert view.risk_of(w) == pytest.approx(
            published["minimum_variance_sd"], abs=published["sd_tolerance"]
        )
    share = closed_form_risky_shares(mu, sigma, rf, aversion).sum()
    assert share == pytest.approx(published["risky_share"], abs=published["risky_share_tolerance"])


def test_frontier_of_mathworks() -> None:
    published = case("mathworks_frontcon_portalloc")
    curve = frontier(assumptions(published)).curve(published["points"]).iloc[::-1]
    tolerance = published["frontier_tolerance"]
    assert np.abs(curve["risk"].to_numpy() - published["frontier_risk"]).max() <= tolerance
    assert (
        np.abs(
            curve["mean"].to_numpy()[[0, -1]] - published["frontier_first_and_last_return"]
        ).max()
        <= tolerance
    )


def test_capital_allocation_of_mathworks_and_who_is_right() -> None:
    published = case("mathworks_frontcon_portalloc")
    printed, rate = published["allocation"], published["borrowing_rate"]
    view = assumptions(published, rate)
    best = frontier(view).maximum_sharpe()
    lent = frontier(view.replace(rf=published["lending_rate"], source="lending")).maximum_sharpe()
    assert (lent.mean - published["lending_rate"]) / (
        published["risk_aversion"] * lent.risk**2
    ) > 1  # so it borrows
    share = (best.mean - rate) / (published["risk_aversion"] * best.risk**2)
    tolerance = published["allocation_tolerance"]
    assert (
        np.abs(best.w - printed["risky_weights"]).max() <= published["allocation_weights_tolerance"]
    )
    assert best.mean == pytest.approx(printed["risky_return"], abs=tolerance)
    assert best.risk == pytest.approx(printed["risky_risk"], abs=tolerance)
    assert share == pytest.approx(printed["risky_fraction"], rel=0.05)
    assert rate + share * (best.mean - rate) == pytest.approx(
        printed["overall_return"], abs=tolerance
    )
    # Theirs is interpolated between ten portfolios: a Sharpe ratio no higher, and a risk above the
    # frontier's.
    theirs = np.array(printed["risky_weights"])
    assert view.sharpe_of(theirs) < best.sharpe
    assert frontier(view).target_return(view.mean_of(theirs)).risk < view.risk_of(theirs)


def test_group_limits_of_mathworks() -> None:
    published = case("mathworks_group_constrained_frontier")
    view = assumptions(published)
    groups = [
        group_limit(
            f"group {i + 1}",
            [a for a, member in zip(view.labels, row, strict=True) if member],
            upper=upper,
        )
        for i, (row, upper) in enumerate(
            zip(published["groups"], published["group_upper"], strict=True)
        )
    ]
    mandate = Mandate(
        view.labels,
        [fully_invested(), Bounds("box", published["lower"], published["upper"]), *groups],
    )
    traced = frontier(view, mandate)
    asked = np.linspace(traced.means[-1], traced.means[0], published["points"])
    read = [traced.target_return(float(r)) for r in asked]
    solved = [target_return(view, mandate, r=float(r) - 1e-12) for r in asked]
    for ours in (read, solved):
        assert (
            np.abs(np.array([x.w for x in ours]) - published["weights"]).max()
            <= published["tolerance"]
        )
        assert (
            np.abs(np.array([x.risk for x in ours]) - published["risk"]).max()
            <= published["tolerance"]
        )
        assert (
            np.abs(np.array([x.mean for x in ours]) - published["return"]).max()
            <= published["tolerance"]
        )


def test_published_app_with_calendar_years() -> None:
    """The planning app of seed 002: maximum Sharpe ratio of four indices, 1980 to 2017, as it
    prints it."""
    years = data.table("calendar_year_returns")
    assert len(years) == 38
    view = Assumptions(
        years.columns,
        years.mean(),
        years.cov(ddof=0),
        0.0283,
        "calendar years, population deviations",
    )
    traced = frontier(view)
    best = traced.maximum_sharpe()
    assert best.w.round(2).tolist() == [0.19, 0.05, 0.01, 0.75]
    assert round(best.mean, 4) == 0.0913
    assert best.sharpe == pytest.approx(0.9044, abs=0.0005)
    top = traced.maximum_return()
    assert top["us_large_equity"] == pytest.approx(1)
    assert round(top.risk, 4) == 0.1622


@pytest.mark.parametrize("problem", [1, 2, 3, 4])
def test_frontiers_of_the_library_and_who_is_right(problem: int) -> None:
    """Printed variances are nowhere below ours, whatever digits the printed returns have lost; and
    our least risk meets the conditions of optimality, so that none is lower."""
    told = case(f"orlib_port{problem}")
    view = library_problem(told)
    traced = frontier(view)
    half = 0.5e-10
    low, high = traced.means[-1], traced.means[0]
    least = [traced.target_return(max(r - half, low)).risk ** 2 for r in told["return"]]
    assert (np.array(told["variance"]) + half >= least).all()

    w = traced.corners[-1]
    slope = view.sigma @ w
    assert w.sum() == pytest.approx(1.0) and w.min() >= 0.0
    assert (slope - w @ slope >= -1e-16).all()  # buying any share raises the variance,
    assert np.abs(slope - w @ slope)[w > 1e-9].max() <= 1e-16  # selling one that is held too
    assert traced.means[-1] == pytest.approx(told["return"][-1], abs=told["return_tolerance"])
    assert w @ slope == pytest.approx(told["variance"][-1], abs=half)
    assert high == pytest.approx(max(view.mu)) == pytest.approx(told["return"][0], abs=half)


def test_the_library_is_met_between_its_filed_points_too() -> None:
    """Points of portef2 that are not filed, around the 100th and the 1,500th."""
    traced = frontier(library_problem(case("orlib_port2")))
    for r, variance in (
        (0.0094053930, 0.0012792383),
        (0.0094015454, 0.0012704960),
        (0.0040182884, 0.0001660728),
        (0.0040144406, 0.0001659497),
        (0.0021058122, 0.0001368554),
    ):
        assert traced.target_return(r).risk ** 2 == pytest.approx(variance, abs=2e-10)
