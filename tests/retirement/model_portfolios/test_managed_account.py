"""A managed account is advice asked again: the same posture, each year, from what is held then."""

from dataclasses import replace

import numpy as np
import pytest

from portlib.retirement.model_portfolios import advice, ways
from portlib.retirement.model_portfolios.managed_account import managed_account
from tests.retirement.model_portfolios.cases import WHO


@pytest.mark.parametrize("balance", [0.0, 30_000.0, 300_000.0, 3e6])
@pytest.mark.parametrize("later", [0, 8, 14])
def test_the_posture_of_a_year_is_that_of_a_new_client_of_that_day(desk, balance, later):
    held = managed_account(WHO, desk, "aggressive").choose(later, np.array([balance]))
    then = replace(WHO, age=WHO.age + later, balance=balance)
    limits = advice.ceilings(then, desk, None)
    assert desk.order[int(held[0])] == limits["loss"]


def test_wishes_and_answers_bound_it(desk):
    calm = managed_account(WHO, desk, "conservative")
    assert (calm.choose(0, np.array([0.0, 1e9])) == 0).all()
    capped = managed_account(replace(WHO, equity_cap=0.3), desk, "aggressive")
    share = capped.mixes @ desk.is_equity
    floor = min(model.equity for model in desk.suite.models)
    assert share.max() <= max(0.3, floor) + 1e-9


def test_it_begins_as_the_tilt_and_sums_to_one(desk):
    account = managed_account(WHO, desk, desk.decided["default_posture"])
    assert account.mixes.sum(axis=2) == pytest.approx(1.0)
    usual = account.postures.index(desk.decided["default_posture"])
    years = WHO.retirement_age - WHO.age
    wanted = ways.target_equity(desk, years, desk.decided["default_posture"], 1.0)
    weights = ways.model_weights(desk, wanted)
    assert account.mixes[usual, 0] @ desk.is_equity == pytest.approx(
        ways.mixture(desk, weights, years) @ desk.is_equity, abs=1e-9
    )


def test_what_comes_later_does_not_move_what_was_chosen(desk):
    """Equal savings, equal choice: the account sees the year and the savings, nothing else."""
    account = managed_account(WHO, desk, "aggressive")
    wealth = np.linspace(0, 2e6, 50)
    once = account.choose(10, wealth)
    account.choose(11, wealth[::-1])
    assert (account.choose(10, wealth) == once).all()
