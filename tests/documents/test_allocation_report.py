"""The allocation report: what it prints of a portfolio is so, by a second way."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from portlib import plan
from portlib.construction.intervals import in_words, intervals
from portlib.construction.mandate import Limit
from portlib.documents import allocation_report, universe
from portlib.documents.document import Document, Table
from portlib.documents.typesetting import pdf
from portlib.documents.words import with_names
from portlib.retirement import model_portfolios
from tests.documents.unrun import DAY, MADE_FROM


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
