"""The allocation report: what it prints of a portfolio is so, by a second way."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib import plan
from portlib.construction.intervals import in_words, intervals
from portlib.construction.mandate import Bounds, Limit, Mandate, fully_invested, long_only
from portlib.documents import allocation_report, universe
from portlib.documents.document import Document, Figure, Table
from portlib.documents.typesetting import pdf
from portlib.documents.words import with_names
from portlib.records import Assumptions
from portlib.retirement import model_portfolios
from tests.documents.unrun import DAY, MADE_FROM, PLANS


@pytest.fixture(scope="module")
def chosen(ours: plan.Plan) -> universe.Universe:
    return universe.of_plan(ours, model_portfolios.suite(ours).postures[0])


@pytest.fixture(scope="module")
def made(chosen: universe.Universe) -> Document:
    return allocation_report.report(
        chosen, title="A model", made=DAY, made_from=MADE_FROM, name="allocation"
    )


def table(made: Document, head: str) -> Table:
    return next(b for b in made.body if isinstance(b, Table) and b.head[0] == head)


def share(cell: str) -> float:
    return float(cell.rstrip("%")) / 100


def test_the_holdings_are_the_models_and_sum_to_one(
    made: Document, chosen: universe.Universe
) -> None:
    rows = table(made, "Fund").rows
    weights = {row[0]: share(row[2]) for row in rows[:-1]}
    assert sum(weights.values()) == pytest.approx(1, abs=0.001 * len(weights))
    assert share(rows[-1][2]) == pytest.approx(1)
    for name, weight in chosen.weights[chosen.weights > 0].items():
        assert weights[chosen.labels[str(name)]] == pytest.approx(weight, abs=0.0005)


def test_each_weight_stands_with_where_it_lies_when_means_are_redrawn(
    made: Document, chosen: universe.Universe
) -> None:
    level = chosen.policy["weight_interval"]["level"]
    assert table(made, "Fund").head[3] == f"{level:.0%} range" and chosen.cloud is not None
    named = {label: name for name, label in chosen.labels.items()}
    for row in table(made, "Fund").rows[:-1]:
        low, high = map(share, row[3].split(" to "))
        inside = chosen.cloud[named[row[0]]].between(low - 1e-4, high + 1e-4).mean()
        assert inside >= level - 1 / len(chosen.cloud)


def test_return_and_risk_are_those_of_the_printed_weights(
    made: Document, chosen: universe.Universe
) -> None:
    told = chosen.assumptions
    w = chosen.weights[list(told.labels)].to_numpy()
    mean = sum(x * m for x, m in zip(w, told.mu, strict=True))
    variance = sum(w[i] * w[j] * told.sigma[i, j] for i in range(len(w)) for j in range(len(w)))
    shown = {row[0]: row[1] for row in table(made, "Measure").rows}
    assert share(shown["Expected return, arithmetic"]) == pytest.approx(mean, abs=5.1e-5)
    assert share(shown["Volatility"]) == pytest.approx(variance**0.5, abs=5.1e-5)
    assert float(shown["Effective holdings"]) == pytest.approx(1 / float(w @ w), abs=0.051)


def test_a_rule_shows_what_the_portfolio_has_of_what_it_limits(
    made: Document, chosen: universe.Universe
) -> None:
    rows = {row[0].lower(): row for row in table(made, "Rule").rows}
    for rule in chosen.mandate.constraints:
        row = rows[with_names(rule.name, chosen.names).replace("_", " ").lower()]
        if isinstance(rule, Limit) and rule.coefficients is not None:
            held = sum(k * chosen.weights[a] for a, k in rule.coefficients.items())
            assert share(row[1]) == pytest.approx(held, abs=5.1e-4)
            assert rule.lower - 1e-6 <= held <= rule.upper + 1e-6


def test_the_tail_is_that_of_drawn_years(made: Document, chosen: universe.Universe) -> None:
    row = next(b for b in made.body if isinstance(b, Table) and "VaR" in b.head[1]).rows[0]
    told, w = chosen.assumptions, chosen.weights
    rng = np.random.default_rng(5)
    dof = chosen.policy["fat_tail_degrees_of_freedom"]
    root = np.linalg.cholesky(told.sigma + 1e-12 * np.eye(len(told)))
    z = rng.standard_normal((200_000, len(told))) @ root.T
    years = told.mu + z * np.sqrt((dof - 2) / rng.chisquare(dof, (200_000, 1)))
    losses = -(years @ w[list(told.labels)].to_numpy())
    var = np.quantile(losses, chosen.policy["tail_level"])
    low, high = map(share, row[2].split(" to "))
    assert low - 0.003 <= var <= high + 0.003
    cvar, error = share(row[3]), share(row[4])
    assert abs(cvar - losses[losses >= var].mean()) < 4 * error + 0.001


def test_its_figures_bear_names_that_a_person_would_choose(made: Document) -> None:
    assert {figure.name for figure in made.figures} >= {"efficient_frontier", "money_and_risk"}
    for figure in made.figures:
        assert figure.alt
        assert not re.search(r"\d{4}-\d\d-\d\dT", figure.svg), "a time of drawing"


def test_every_section_is_there(made: Document, words: Callable[[bytes], str]) -> None:
    text = words(pdf(made))
    for section in (
        "Holdings",
        "Classes and sectors against their limits",
        "The efficient frontier",
        "Growth",
        "Risk at a glance",
        "Losses in the tail",
        "Rules and what they cost",
        "What it was measured against",
    ):
        assert section in text


def test_a_weight_s_range_is_said_as_the_book_s_pages_say_it(
    made: Document, chosen: universe.Universe
) -> None:
    assert chosen.cloud is not None
    level = chosen.policy["weight_interval"]["level"]
    found = intervals(chosen.weights, chosen.cloud, level=level)
    named = {label: name for name, label in chosen.labels.items()}
    rows = table(made, "Fund").rows[:-1]
    assert rows
    for row in rows:
        low, high = row[3].replace("%", "").split(" to ")
        told = in_words(*map(float, found.loc[named[row[0]]]))
        assert f"({low} to {high}%)" in told or low == high == told.removesuffix("%"), (row, told)


WEIGHTS = {"a": 0.25, "b": 0.08, "c": 0.6, "d": 0.07}


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        (Bounds("x", lower=0.0), ("7.0%", "at least 0.0% each")),
        (Bounds("x", upper=0.7), ("60.0%", "at most 70.0% each")),
        # of several limits the one that is nearest: 30 - 25, 10 - 8
        (Bounds("x", upper={"a": 0.3, "b": 0.1}), ("8.0%", "at most 10.0%")),
        (Bounds("x", upper={"b": 0.2, "a": 0.26}), ("25.0%", "at most 26.0%")),
        (Bounds("x", lower={"c": 0.5, "d": 0.05}), ("7.0%", "at least 5.0%")),
        (Bounds("x", lower={"b": 0.08}, upper={"b": 0.08}), ("8.0%", "8.0%")),
        (Bounds("x", lower={"b": 0.05}, upper={"b": 0.2}), ("8.0%", "5.0% to 20.0%")),
        (Limit("x", {"a": 1.0, "d": 2.0}, lower=0.1, upper=0.5), ("39.0%", "10.0% to 50.0%")),
        (Limit("x", {"c": 1.0}, upper=0.65), ("60.0%", "at most 65.0%")),
        (Limit("x", {"c": 1.0}, lower=0.55), ("60.0%", "at least 55.0%")),
        (Limit("x", None, lower=1.0, upper=1.0), ("100.0%", "100.0%")),
        (Limit("x", {"a": 4.0}, lower=0.5, unit="years"), ("1", "at least 0.5")),
    ],
)
def test_what_a_rule_leaves_is_told_of_the_asset_that_is_nearest_to_its_limit(
    rule: Bounds | Limit, shown: tuple[str, str]
) -> None:
    assert allocation_report._measured(rule, WEIGHTS) == shown


def test_the_interval_of_a_var_is_of_ranks_on_both_sides_and_stays_within_the_losses() -> None:
    losses = np.arange(400.0)
    drawn = -np.random.default_rng(2).permutation(losses)
    # rank 400 * 0.9 = 360, give or take 1.96 * sqrt(400 * 0.9 * 0.1) = 11.76
    assert allocation_report._interval_of_var(drawn, 0.9) == (348.0, 371.0)
    assert allocation_report._interval_of_var(drawn, 0.999) == (398.0, 399.0)
    few = np.array([-0.1, 0.2, 0.05])
    # 1.5 give or take 1.7: beyond the first and the last of three
    assert allocation_report._interval_of_var(few, 0.5) == (-0.2, 0.1)


def test_a_group_is_named_where_nine_tenths_are_of_it() -> None:
    def of(**shares: float) -> str:
        return allocation_report._group_of(pd.Series(shares))

    assert of(stocks=0.9, bonds=0.1) == "stocks" == of(stocks=0.05, bonds=0.0, cash=0.0)
    assert of(stocks=0.89, bonds=0.11) == "mixed, 2" == of(cash=0.0, stocks=0.5, bonds=0.5)
    assert of(stocks=0.0) == ""


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> universe.Universe:
    """Three assets of which nobody said what they earn, in twelve months of invented returns."""
    months = pd.DataFrame(
        {
            "stocks": [0.03, -0.02, 0.01, 0.04, -0.05, 0.02, 0.0, 0.03, -0.01, 0.02, 0.01, -0.03],
            "bonds": [0.0, 0.01, -0.01, 0.0, 0.02, -0.01, 0.01, 0.0, 0.01, -0.01, 0.0, 0.01],
            "gold": [-0.01, 0.02, 0.0, 0.01, 0.03, -0.02, 0.01, -0.03, 0.02, 0.01, -0.01, 0.02],
        },
        pd.date_range("2025-01-31", periods=12, freq="ME"),
    )
    place = tmp_path_factory.mktemp("three")
    long = pd.concat([months] * 10).set_axis(pd.date_range("2016-01-31", periods=120, freq="ME"))
    long.to_csv(place / "returns.csv", index_label="date")
    (place / "groups.csv").write_text("asset,class\ngold,real\nstocks,growth\nbonds,safe\n")
    found = universe.of_folder(place, plan.read(PLANS["example"]).policy)
    weights = pd.Series({"stocks": 0.35, "bonds": 0.6, "gold": 0.05})
    return replace(found, months=months, weights=weights)


def test_growth_compounds_month_by_month(three: universe.Universe) -> None:
    # in another order than the months' columns
    rival = pd.Series({"gold": 0.5, "bonds": 0.2, "stocks": 0.3})
    body = allocation_report._growth(replace(three, rivals={"Another": rival}))
    (shown,) = [block for block in body if isinstance(block, Table)]
    for row, held in zip(shown.rows, (three.weights, rival), strict=True):
        wealth, top, deepest, earned = 1.0, 1.0, 0.0, []
        for _, month in three.months.iterrows():
            earned.append(sum(held[name] * month[name] for name in month.index))
            wealth *= 1 + earned[-1]
            top = max(top, wealth)
            deepest = max(deepest, 1 - wealth / top)
        year = statistics.stdev(earned) * 12**0.5
        assert row[1:4] == [f"{wealth - 1:.1%}", f"{year:.1%}", f"{deepest:.1%}"]
        assert row[4] == f"${10_000 * wealth:,.0f}"


def test_the_rival_that_earned_most_is_told_with_its_error_and_only_where_it_leads(
    three: universe.Universe,
) -> None:
    rivals = {
        "Gold alone": pd.Series({"gold": 1.0, "stocks": 0.0, "bonds": 0.0}),
        "Stocks alone": pd.Series({"bonds": 0.0, "stocks": 1.0, "gold": 0.0}),
    }
    told = allocation_report._ahead(replace(three, rivals=rivals))
    assert "stocks alone" not in told and "gold alone" in told  # sums of 0.04 and 0.05
    mine = [sum(three.weights[a] * m[a] for a in m.index) for _, m in three.months.iterrows()]
    away = [g - m for g, m in zip(three.months["gold"], mine, strict=True)]
    error = statistics.stdev(away) * 12**0.5  # of the mean of one year
    assert f"{sum(away):.1%} more, give or take {error:.1%}." in told
    assert f"earned 5.0% a year on average at a volatility of {gold_risk(three):.1%}" in told
    assert f"over the {len(mine)} months" in told.lower()
    same = {"Itself": three.weights.iloc[::-1]}
    assert allocation_report._ahead(replace(three, rivals=same)) == ""
    assert allocation_report._ahead(replace(three, rivals=rivals, months=None)) == ""
    assert allocation_report._ahead(replace(three, rivals={})) == ""


def gold_risk(three: universe.Universe) -> float:
    return statistics.stdev(three.months["gold"]) * 12**0.5


def test_the_nearest_rival_is_told_with_its_error_or_that_nobody_knows_it(
    three: universe.Universe,
) -> None:
    near = three.weights + pd.Series({"stocks": 0.01, "bonds": -0.01, "gold": 0.0})
    far = pd.Series({"stocks": 1.0, "bonds": 0.0, "gold": 0.0})
    quiet = replace(three, months=None, rivals={"Far off": far, "Near by": near})
    rows = allocation_report._compared(quiet)
    told, a = three.assumptions, three.risk_aversion

    def worth(w: pd.Series) -> float:
        x = w[list(told.labels)].to_numpy()
        return float(told.mu @ x - a / 2 * x @ told.sigma @ x)

    for (_, gain, error, _), rival in zip(rows, (far, near), strict=True):
        assert gain == pytest.approx(1e4 * (worth(three.weights) - worth(rival)))
        assert error is None
    nearest = min(rows, key=lambda row: row[1])[0].lower()
    said = allocation_report._uncomfortable(quiet)
    assert nearest in said and "Nobody knows their errors" in said
    for variance, words in ((1e-12, "more than twice"), (1.0, "less than twice")):
        sure = replace(quiet, errors=variance * np.eye(3))
        assert words in allocation_report._uncomfortable(sure)
    alone = replace(quiet, rivals={})
    assert "Nothing was set beside" in allocation_report._uncomfortable(alone)


def test_sizes_are_counted_once_each_and_a_position_at_a_limit_is_below_it(
    three: universe.Universe,
) -> None:
    at = pd.Series({"stocks": allocation_report.SIZES[1], "bonds": 0.0, "gold": 0.0})
    at["bonds"] = 1 - at["stocks"]
    body = allocation_report._holdings(replace(three, weights=at))
    sizes = [b for b in body if isinstance(b, Table)][-1].rows
    assert sum(int(row[1]) for row in sizes) == 2
    assert sizes[1][1:] == ["1", f"{at['stocks']:.1%}"]


def test_the_tightest_of_several_limits_of_a_group_is_shown(three: universe.Universe) -> None:
    growth, safe = {"stocks": 1.0}, {"bonds": 1.0}
    mandate = three.mandate.also(
        Limit("wide", growth, lower=0.1, upper=0.8),
        Limit("low", growth, upper=0.5),
        Limit("floor", growth, lower=0.2),
        Limit("other", {"stocks": 2.0}, upper=0.4),  # of twice the group: not of the group
        Limit("both", growth | safe, upper=0.99),
        Limit("safe", safe, lower=0.05),
    )
    found = allocation_report._limits_by_group(replace(three, mandate=mandate))
    assert found == {"growth": (0.2, 0.5), "safe": (0.05, np.inf)}


def test_how_far_it_lies_below_the_frontier_is_what_a_dearer_copy_costs(
    three: universe.Universe,
) -> None:
    """A copy of stocks that earns 0.5% less is in no portfolio of the frontier."""
    labels = ["stocks", "copy", "bonds"]
    sigma = np.array([[0.04, 0.04, 0.0], [0.04, 0.04, 0.0], [0.0, 0.0, 0.0025]])
    told = Assumptions(labels, [0.08, 0.075, 0.04], sigma, rf=0.02)
    mandate = Mandate(labels, [fully_invested(), long_only()])
    for moved, words in ((0.2, "10 basis points below"), (0.004, "lies on the frontier")):
        w = pd.Series({"bonds": 0.5, "stocks": 0.5 - moved, "copy": moved})
        one = replace(three, assumptions=told, mandate=mandate, weights=w, rivals={})
        (figure,) = [b for b in allocation_report._frontier(one) if isinstance(b, Figure)]
        assert words in figure.caption
