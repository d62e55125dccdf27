"""Cash reserves: by a plain loop, and that without risk the rule changes nothing."""

import numpy as np
import pytest

from portlib.retirement.retirement_income import cash_reserve as cr


def test_one_life_by_hand() -> None:
    invested = np.array([[1.1], [0.8], [0.9], [1.2], [1.0]])
    bills = np.full((5, 1), 1.01)
    found = cr.with_reserve(invested, bills, 0.1, 2, np.array([4]))
    rest, cash, gained = 0.8, 0.2, True
    for t in range(5):
        if gained:
            rest -= 0.1
            refill = min(max(0.2 - cash, 0), rest)
            cash, rest = cash + refill, rest - refill
        else:
            from_cash = min(cash, 0.1)
            cash -= from_cash
            rest -= 0.1 - from_cash
        gained = invested[t, 0] >= 1
        cash, rest = cash * 1.01, rest * invested[t, 0]
    assert found.met[0]
    assert found.left[0] == pytest.approx(cash + rest)


def test_equal_returns_make_every_way_the_same() -> None:
    flat = np.full((30, 7), 1.03)
    ways = cr.compare(flat, flat, 0.045, 3, np.full(7, 29))
    left = {name: way.left[0] for name, way in ways.items()}
    assert left["reserve"] == pytest.approx(left["no cash"])
    assert left["same cash, rebalanced"] == pytest.approx(left["no cash"])


def test_no_reserve_is_no_cash() -> None:
    rng = np.random.default_rng(1)
    invested = np.exp(rng.normal(0.04, 0.15, (30, 500)))
    ends = rng.integers(5, 30, 500)
    none = cr.with_reserve(invested, np.ones_like(invested), 0.05, 0, ends)
    plain = cr.rebalanced(invested, np.ones_like(invested), 0.05, 0.0, ends)
    assert (none.met == plain.met).all()
    assert none.left == pytest.approx(plain.left)
    assert none.cash == 0


def by_hand(invested, bills, spending, years, last):
    """One life with a reserve, in plain words: what it left, whether all was paid, its cash."""
    size = min(years * spending, 1.0)
    cash, rest, rose, paid, shares = size, 1 - size, True, True, []
    for year in range(last + 1):
        order = ["rest", "cash"] if rose else ["cash", "rest", "cash"]
        due = spending
        for source in order:
            taken = min(due, cash if source == "cash" else rest)
            due -= taken
            if source == "cash":
                cash -= taken
            else:
                rest -= taken
        paid = paid and due <= 1e-9
        if rose:
            more = min(max(size - cash, 0.0), rest)
            cash, rest = cash + more, rest - more
        if cash + rest > 1e-9:
            shares.append(cash / (cash + rest))
        cash, rest = cash * bills[year], rest * invested[year]
        rose = invested[year] >= 1
    return cash + rest, paid, shares


@pytest.mark.parametrize(("spending", "years"), [(0.045, 2), (0.06, 3), (0.3, 5)])
def test_many_lives_are_each_the_plain_loop(spending, years) -> None:
    rng = np.random.default_rng(5)
    invested = np.exp(rng.normal(0.04, 0.15, (30, 60)))
    invested[3, :20] = 1.0  # no gain, and no loss either
    bills = np.exp(rng.normal(0.01, 0.01, (30, 60)))
    ends = rng.integers(2, 30, 60)
    found = cr.with_reserve(invested, bills, spending, years, ends)
    each = [by_hand(invested[:, k], bills[:, k], spending, years, ends[k]) for k in range(60)]
    assert found.left == pytest.approx([left for left, _, _ in each], abs=1e-12)
    assert found.met.tolist() == [paid for _, paid, _ in each]
    assert found.cash == pytest.approx(np.mean([x for _, _, shares in each for x in shares]))
    assert found.met.any() == (spending < 0.3)
