"""A managed account is advice asked again: the same posture, each year, from what is held then."""

from dataclasses import replace

import numpy as np
import pytest

from portlib.retirement.model_portfolios import advice, capacity, ways
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


def test_every_year_of_the_account_by_hand(desk):
    """What a bad market takes, what is still to come and what is needed, at every age, from the
    definitions; a limit that nobody reaches where the balance is not known."""
    account = managed_account(WHO, desk, "growth")
    fall = desk.decided["capacity_fall"]
    complete, _ = capacity.settled(WHO, desk)
    for t in (0, 7, 15, 30, 50):
        now = WHO.age + t
        for p, name in enumerate(account.postures):
            share = ways.target_equity(desk, WHO.retirement_age - now, name, 1.0)
            lost = capacity.loss_share(
                replace(complete, age=now, life_expectancy=119.5, saving=0.0, pay=0.0),
                share,
                desk,
                means={"wealth": 1.0, "savings": 0.0, "income": 0.0, "need": 0.0},
            )[0]
            assert account.losses[p, t] == pytest.approx(lost)
            assert fall["other"] <= lost <= fall["equity"]
            weights = ways.model_weights(desk, share)
            mix = ways.mixture(desk, weights, WHO.retirement_age - now)
            assert account.mixes[p, t] == pytest.approx(mix / mix.sum())
        means = capacity.resources(
            replace(
                complete,
                age=now,
                balance=0.0,
                outside_assets=0.0,
                life_expectancy=max(88.0, now + 1),
            ),
            desk,
        )
        assert account.coming[t] == pytest.approx(means["savings"] + means["income"])
        assert account.need[t] == pytest.approx(means["need"])
    assert (np.diff(account.losses, axis=0) >= -1e-12).all()
    assert account.limit == desk.decided["capacity_loss_limit"]
    assert managed_account(replace(WHO, balance=None), desk, "growth").limit == np.inf
    untold = managed_account(replace(WHO, spending=None, pay=None), desk, "growth")
    assert np.isinf(untold.need).all()


def test_what_just_covers_the_need_is_borne(desk):
    """At the line itself the bolder posture holds, and a dollar less does not."""
    account = replace(
        managed_account(WHO, desk, "aggressive"),
        losses=np.array([[0.1], [0.5]]),
        postures=("calm", "bold"),
        coming=np.array([0.0]),
        need=np.array([50.0]),
        most=np.array([1]),
        limit=0.2,
    )
    assert account.choose(0, np.array([100.0, 99.0])).tolist() == [1, 0]
    loose = replace(account, need=np.array([1e9]), limit=0.5)
    assert loose.choose(0, np.array([100.0])).tolist() == [1]


def test_a_wish_at_a_posture_s_own_share_allows_that_posture(desk):
    """A cap of exactly what the posture holds is kept by it; a hair less is not."""
    order, years = desk.order, WHO.retirement_age - WHO.age
    for p, name in enumerate(order[1:], start=1):
        share = ways.target_equity(desk, years, name, 1.0)
        for cap, most in ((share, p), (share - 1e-3, p - 1)):
            account = managed_account(replace(WHO, equity_cap=cap), desk, order[-1])
            assert account.most[0] == most
