"""The audit by hand, and the rebuilt method against another solver, brute force and simulation."""

import math

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest

from portlib import policy
from portlib.construction.tail_risk import normal
from portlib.stewardship import effective_challenge as ec

POLICY = policy.read()


@pytest.fixture(scope="module")
def report() -> dict:
    return ec.figures()


@pytest.fixture(scope="module")
def held() -> pd.DataFrame:
    return ec.holdings()


@pytest.fixture(scope="module")
def made(report: dict) -> ec.Universe:
    return ec.universe(np.random.default_rng(3), report, policy=POLICY)


def by_item(findings: list[ec.Finding]) -> dict[str, ec.Finding]:
    return {finding.item: finding for finding in findings}


# ---- the copy of the report ----------------------------------------------------------------------


def test_the_copy_is_whole(held: pd.DataFrame, report: dict) -> None:
    assert len(held) == 30
    assert held["weight"].sum() == pytest.approx(
        0.999999, abs=1e-9
    )  # the printed percents sum to 99.9999
    assert held["weight"].is_monotonic_decreasing
    assert held["weight"].max() == report["rules"]["position_limit"]
    assert set(held["printed_type"]) == set(report["classes"])
    for table, column in (("sectors", "table_sector"), ("categories", "table_category")):
        named = {part for label in held[column] for part in label.split(" or ")}
        assert named == set(report[table])
        assert sum(line["count"] for line in report[table].values()) == 30


# ---- audit ---------------------------------------------------------------------------------------


def test_metrics_by_hand(report: dict) -> None:
    found = by_item(ec.metrics(report))
    stated = found["annual Sharpe ratio, by the stated formula"]
    assert stated.recomputed == pytest.approx(9.58 / 7.51)
    assert not stated.agrees
    lows, highs = (9.575 / 7.515, 9.585 / 7.505)
    assert lows > 1.2235 or highs < 1.2225  # no rounding of the inputs reaches the printed digits
    assert stated.rounding >= max(highs - 9.58 / 7.51, 9.58 / 7.51 - lows)
    assert found["annual Sharpe ratio, monthly times root 12"].agrees
    assert found["monthly Sharpe ratio, without a riskless rate"].agrees
    var = found["annual VaR, mean and spread apart"]
    assert var.recomputed == pytest.approx(-(math.sqrt(12) * (0.03992 + 0.00765) - 12 * 0.00765))
    assert (var.agrees, found["annual VaR, monthly times root 12"].agrees) == (False, True)
    assert [f.item for f in ec.metrics(report) if not f.agrees] == [
        "annual Sharpe ratio, by the stated formula",
        "annual VaR, mean and spread apart",
        "annual CVaR, mean and spread apart",
    ]


def test_the_rule_for_time_is_the_normal_laws() -> None:
    """A month's normal VaR carried to a year by the audit's rule is that of the year."""
    month = {
        "return": 0.01,
        "volatility": 0.03,
        "sharpe": 1 / 3,
        "var": -float(normal(0.01, 0.03, 0.95).var),
        "cvar": -float(normal(0.01, 0.03, 0.95).cvar),
    }
    year = normal(0.12, 0.03 * math.sqrt(12), 0.95)
    fake = {
        "monthly": month,
        "annual": {
            "return": 0.12,
            "volatility": 0.104,
            "sharpe": 1.15,
            "var": -float(year.var),
            "cvar": -float(year.cvar),
        },
        "rules": {"monthly_volatility_cap": 0.03464, "annual_volatility_cap": 0.12},
    }
    found = by_item(ec.metrics(fake))
    assert found["annual VaR, mean and spread apart"].recomputed == pytest.approx(-float(year.var))
    assert found["annual CVaR, mean and spread apart"].agrees
    assert not found["annual VaR, monthly times root 12"].agrees


def test_counts_by_hand(report: dict, held: pd.DataFrame) -> None:
    found = by_item(ec.counts(report, held))
    assert (found["Equity: positions"].recomputed, found["Bond: positions"].recomputed) == (17, 13)
    assert found["Equity: weight"].agrees and found["Bond: weight"].agrees
    assert found["cash"].recomputed == pytest.approx(0.08)
    assert found["months from the first to the last"].agrees
    assert found["inequalities: floors, caps, equity floor"].agrees
    assert found["top ten that are the first ten of the full table"].recomputed == 9
    assert found["holdings typed other than by the printed list"].agrees
    retyped = held.assign(printed_type=held["printed_type"].where(held.index != "JEPI", "Equity"))
    assert (
        by_item(ec.counts(report, retyped))[
            "holdings typed other than by the printed list"
        ].recomputed
        == 1
    )


def test_lines_that_fail_are_these(report: dict, held: pd.DataFrame) -> None:
    table = ec.lines(report, held)
    assert (table["count printed"] == table["count"]).all()
    wrong = table.loc[~table["agrees"], ["table", "line"]]
    assert wrong.to_numpy().tolist() == [
        ["sectors", "Other Equity Factors"],
        ["sectors", "International Equity"],
        ["categories", "Other Specialized"],
        ["categories", "Growth/Momentum"],
        ["categories", "International"],
    ]
    for name in ("sizes", "sectors", "categories"):
        assert table.loc[table["table"] == name, "recomputed"].sum() == pytest.approx(0.999999)
    assert table.loc[table["table"] == "sectors", "printed"].sum() == pytest.approx(1.0054)
    assert table.loc[table["table"] == "categories", "printed"].sum() == pytest.approx(0.92)


def test_equity_shares_by_hand(held: pd.DataFrame) -> None:
    shares = ec.equity_shares(held)
    assert shares.to_numpy() == pytest.approx([0.513612, 0.433612, 0.473612])


def test_frontier_readings_by_hand(report: dict) -> None:
    a, b = ec.frontier_readings(report).values()
    assert (a.place, a.beyond) == (3, 3)
    assert a.first == pytest.approx(0.00365)
    assert (b.place, b.beyond) == (6, 0)
    assert b.first == pytest.approx(-0.00235)
    off = {**report, "monthly": {**report["monthly"], "return": 0.0070}}
    with pytest.raises(ValueError, match="between two points of the grid"):
        ec.frontier_readings(off)


def test_small_arithmetic() -> None:
    assert ec.months_since("2020-05-20", "2025-08") == 63
    assert ec.months_since("2026-01-01", "2025-08") == 0
    assert ec.with_diagonal(0.0, 1e-4) == pytest.approx(math.sqrt(12) * 0.01)
    assert ec.effective_positions(np.full(25, 0.04)) == pytest.approx(25)


# ---- rebuild -------------------------------------------------------------------------------------


def test_the_universe_is_of_the_reports_size_and_like_its_truth(
    report: dict, made: ec.Universe
) -> None:
    size = report["universe"]
    assert made.returns.shape == (size["months"], size["etfs"] + size["treasury_points"])
    assert (f"{made.returns.index[0]:%Y-%m}", f"{made.returns.index[-1]:%Y-%m}") == (
        size["first_month"],
        size["last_month"],
    )
    assert made.exposures.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert np.array_equal(made.truth.sigma, made.believed.sigma)
    many = ec.universe(
        np.random.default_rng(3), {**report, "universe": {**size, "months": 40_000}}, policy=POLICY
    )
    assert many.truth.mu == pytest.approx(made.truth.mu)
    assert 12 * many.returns.mean().to_numpy() == pytest.approx(many.truth.mu, abs=0.015)
    assert math.sqrt(12) * many.returns.std().to_numpy() == pytest.approx(
        many.truth.volatility, rel=0.05
    )
    within = ec.equity_within(made)
    assert within["bill ETF"] == 0 and within["option income ETF"] == 0.6
    assert {"bill ETF", "loan ETF"} < set(
        made.called_equity
    ) and "option income ETF" not in made.called_equity


def test_points_of_the_grid_are_another_solvers(report: dict, made: ec.Universe) -> None:
    grid = ec.printed_method(made, report)
    a, n = grid.assumptions, len(grid.assumptions)
    rows, w = np.isin(a.labels, made.called_equity).astype(float), cp.Variable(n)
    rules = [cp.sum(w) == 1, w >= 0, w <= 0.04, rows @ w >= 0.5]
    root = np.linalg.cholesky(a.sigma)
    for mean, risk in grid.points[["mean", "risk"]].to_numpy()[[0, -1]]:
        problem = cp.Problem(
            cp.Minimize(1e4 * cp.sum_squares(root.T @ w)), [*rules, a.mu @ w >= mean - 1e-12]
        )
        problem.solve(solver=cp.CLARABEL)
        assert math.sqrt(problem.value / 1e4) == pytest.approx(risk, rel=1e-6)
    top = cp.Problem(cp.Maximize(a.mu @ w), rules)
    top.solve(solver=cp.HIGHS)
    step = report["rules"]["frontier_step"]
    assert len(grid.points) == int((top.value - grid.points["mean"][0]) / step) + 1
    assert np.diff(grid.points["mean"]) == pytest.approx(np.full(len(grid.points) - 1, step))
    assert (np.diff(grid.points["risk"]) > 0).all()


def test_no_random_portfolio_beats_the_exact_one(report: dict, made: ec.Universe) -> None:
    grid, rng = ec.printed_method(made, report), np.random.default_rng(5)
    labels = np.array(grid.assumptions.labels)
    equity = np.flatnonzero(np.isin(labels, made.called_equity))
    rest = np.flatnonzero(~np.isin(labels, made.called_equity))
    for _ in range(300):
        w = np.zeros(len(labels))
        w[rng.choice(equity, 15, replace=False)] = 0.04
        w[rng.choice(rest, 10, replace=False)] = 0.04
        assert grid.assumptions.sharpe_of(w) < grid.exact.sharpe
    assert grid.chosen.sharpe <= grid.exact.sharpe + 1e-12


def test_the_house_keeps_the_rules_looking_through(report: dict, made: ec.Universe) -> None:
    house = ec.house_method(made, report, estimator=POLICY["covariance_estimator"])
    assert ec.equity_within(made).to_numpy() @ house.chosen.w >= 0.5 - 1e-9
    assert house.chosen.w.max() <= 0.04 + 1e-9
    assert house.chosen.risk <= 0.12 + 1e-9
    tight = {
        **report,
        "rules": {**report["rules"], "annual_volatility_cap": 0.9 * house.chosen.risk},
    }
    assert ec.house_method(
        made, tight, estimator=POLICY["covariance_estimator"]
    ).chosen.risk == pytest.approx(0.9 * house.chosen.risk, rel=1e-6)


def ruled(report: dict, **rules: float) -> dict:
    return {**report, "rules": {**report["rules"], **rules}}


def test_each_method_is_held_to_the_cap_of_its_own_unit(report: dict, made: ec.Universe) -> None:
    """Months for the report's grid, years for the house: the other's cap, however tight or wide,
    moves nothing, and its own binds."""
    estimator = POLICY["covariance_estimator"]
    house = ec.house_method(made, report, estimator=estimator).chosen
    for cap in (1e-4, 10.0):
        other = ruled(report, monthly_volatility_cap=cap)
        assert ec.house_method(made, other, estimator=estimator).chosen.w == pytest.approx(house.w)
    grid = ec.printed_method(made, report)
    for cap in (1e-4, 10.0):
        other = ec.printed_method(made, ruled(report, annual_volatility_cap=cap))
        assert other.chosen.w == pytest.approx(grid.chosen.w)
    months = made.returns - made.returns.mean() + 0.6 * made.returns.std()
    made = made._replace(returns=months)  # what swings pays, so that the best is no first point
    grid = ec.printed_method(made, ruled(report, monthly_volatility_cap=10.0))
    best = int(grid.points["ratio"].idxmax())
    assert best >= 2
    between = float(grid.points["risk"].iloc[[best - 2, best - 1]].mean())
    bound = ec.printed_method(made, ruled(report, monthly_volatility_cap=between)).chosen
    assert bound.risk == pytest.approx(grid.points["risk"].iloc[best - 2])
    assert bound.risk * math.sqrt(12) > between, "a cap of years would be another"


def test_the_tails_of_the_months_are_policy_s(report: dict, monkeypatch) -> None:
    asked = []

    def noted(month, degrees, months, rng):
        asked.append((degrees, months))
        return rng.standard_normal((months, len(month)))

    monkeypatch.setattr(ec, "student_t_scenarios", noted)
    for degrees in (5, 9):
        policy_of = POLICY.replace(fat_tail_degrees_of_freedom=degrees)
        ec.universe(np.random.default_rng(3), report, policy=policy_of)
    assert asked == [(n, report["universe"]["months"]) for n in (5, 9)]


def test_the_rounding_that_is_granted_is_that_of_the_digits_printed(
    report: dict, held: pd.DataFrame
) -> None:
    """By the widths of the tables themselves: a wider grant would let a wrong figure agree."""
    root = math.sqrt(12)
    granted = {item: found.rounding for item, found in by_item(ec.metrics(report)).items()}
    year = report["annual"]
    ratio = 5e-4 + 5e-5 * (1 + year["sharpe"]) / year["volatility"]
    month = report["monthly"]
    monthly = 5e-4 + 5e-6 * (1 + month["sharpe"]) / month["volatility"]
    assert granted == pytest.approx(
        {
            "monthly volatility cap, from the annual one": 5e-6,
            "annual return, compounded": 5e-5 + 13 * 5e-6,
            "annual volatility, root 12": 5e-5 + root * 5e-6,
            "monthly Sharpe ratio, without a riskless rate": monthly,
            "annual Sharpe ratio, by the stated formula": ratio,
            "annual Sharpe ratio, monthly times root 12": (1 + root) * 5e-4,
            **{
                f"annual {tail}, {how}": 5e-5 + 5e-6 * times
                for tail in ("VaR", "CVaR")
                for how, times in (("monthly times root 12", root), ("mean and spread apart", 12))
            },
        }
    )
    counted = {item: found.rounding for item, found in by_item(ec.counts(report, held)).items()}
    for kind, number in held.groupby("printed_type").size().items():
        assert counted.pop(f"{kind}: weight") == pytest.approx(5e-4 + number * 5e-7)
    bills = int((held["what_it_is"] == "Treasury bills").sum())
    assert counted.pop("cash") == pytest.approx(bills * 5e-7)
    assert set(counted.values()) == {0.0}, "what is counted is counted exactly"


@pytest.mark.parametrize("volatility", [0.01, 0.12, 0.4])
@pytest.mark.parametrize("diagonal", [0.0, 1e-4, 1e-3])
def test_a_diagonal_is_added_twelve_times_to_a_year_s_variance(volatility, diagonal) -> None:
    monthly = volatility**2 / 12 + diagonal
    assert ec.with_diagonal(volatility, diagonal) == pytest.approx(math.sqrt(12 * monthly))


def test_a_frontier_whose_optimum_lies_between_its_points_is_refused(report: dict) -> None:
    step = report["rules"]["frontier_step"]
    for off, refused in ((0.0, False), (0.45 * step, True)):
        moved = {**report["monthly"], "return": report["monthly"]["return"] + off}
        other = {**report, "monthly": moved}
        if refused:
            with pytest.raises(ValueError, match="between two points"):
                ec.frontier_readings(other)
        else:
            assert len(ec.frontier_readings(other)) == 2


def test_repeated_is_what_each_universe_gives(report: dict, made: ec.Universe) -> None:
    row = ec.repeated(report, [3], policy=POLICY).loc[3]
    grid, house = (
        ec.printed_method(made, report),
        ec.house_method(made, report, estimator=POLICY["covariance_estimator"]),
    )
    assert row["report printed"] == pytest.approx(math.sqrt(12) * grid.chosen.sharpe)
    assert row["house true"] == pytest.approx(made.truth.sharpe_of(house.chosen.w))
    months = made.returns.to_numpy() @ grid.chosen.w - made.truth.rf / 12
    assert row["report promised"] == pytest.approx(
        math.sqrt(12) * months.mean() / months.std(ddof=1)
    )


def test_the_house_knows_the_survey_and_the_months_and_not_the_truth(
    report: dict, made: ec.Universe
) -> None:
    """What it is told is what could be known: beliefs that are wrong, and 111 months."""
    name = POLICY["covariance_estimator"]
    house = ec.house_method(made, report, estimator=name)
    assert house.assumptions.mu.tolist() == made.believed.mu.tolist()
    assert np.abs(made.believed.mu - made.truth.mu).max() > 0.002
    assert house.assumptions.rf == made.believed.rf
    shrunk = ec.covariance(made.returns, name).annual().to_numpy()
    assert house.assumptions.sigma == pytest.approx(shrunk)
    grid = ec.printed_method(made, report)
    months, rules = made.returns.to_numpy(), report["rules"]
    assert grid.assumptions.mu == pytest.approx(months.mean(axis=0))
    sample = np.cov(months, rowvar=False) + rules["diagonal"] * np.eye(months.shape[1])
    assert grid.assumptions.sigma == pytest.approx(sample)
    inside = grid.points[grid.points["risk"] <= rules["monthly_volatility_cap"]]
    assert grid.chosen.sharpe == pytest.approx(inside["ratio"].max())
    plain = ec.printed_method(made, report, diagonal=0.0)
    assert plain.assumptions.sigma == pytest.approx(np.cov(months, rowvar=False))


def test_every_column_of_what_is_repeated_is_of_its_own_portfolio(
    report: dict, made: ec.Universe
) -> None:
    row = ec.repeated(report, [3], policy=POLICY).loc[3]
    grid = ec.printed_method(made, report)
    house = ec.house_method(made, report, estimator=POLICY["covariance_estimator"])
    n = len(made.truth)
    held = {"report": grid.chosen.w, "house": house.chosen.w, "equal": np.full(n, 1 / n)}
    true = ec.outcomes(made, held)
    truth, within = made.truth, ec.equity_within(made).to_numpy()
    for name, w in held.items():
        mean, risk = truth.mu @ w, math.sqrt(w @ truth.sigma @ w)
        expected = {
            "return": mean,
            "volatility": risk,
            "Sharpe": (mean - truth.rf) / risk,
            "equity": within @ w,
            "effective positions": 1 / (w @ w),
        }
        assert true.loc[name].to_dict() == pytest.approx(expected)
        assert row[f"{name} true"] == pytest.approx(expected["Sharpe"])
    assert row["report equity"] == pytest.approx(within @ grid.chosen.w)
    assert row["house equity"] == pytest.approx(within @ house.chosen.w)
    assert row["without a grid"] == pytest.approx(math.sqrt(12) * grid.exact.sharpe)
    assert row["house promised"] == pytest.approx(house.chosen.sharpe)
    assert row["points"] == len(grid.points)


def test_a_finding_agrees_within_its_rounding_and_not_beyond_it() -> None:
    for off, agrees in ((0.0005, True), (-0.0005, True), (0.000501, False), (-0.000501, False)):
        assert ec.Finding("x", 0.1, 0.1 + off, 0.0005).agrees is agrees
