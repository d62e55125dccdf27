"""What advice decides, by tables of all cases: worth is stated here, and nothing is simulated."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from portlib.retirement.model_portfolios import advice, capacity, ways
from portlib.retirement.model_portfolios.comparison import Asked, Judged
from portlib.retirement.model_portfolios.ways import DEFAULT, HELD, MODELS, NAIVE, SERIES
from tests.retirement.model_portfolios.cases import WHO

ALL = (DEFAULT, NAIVE, SERIES, MODELS, HELD)
LEVELS = (0.9, 1.0, 1.1)


def judged(**worth):
    """Worth by way, beyond any doubt; 1 where none is stated."""
    told = {"default": DEFAULT, "naive": NAIVE, "series": SERIES, "models": MODELS, "held": HELD}
    given = {told[name]: x for name, x in worth.items()}
    lives = np.ones((len(ALL), 4))
    return Judged(
        ALL, np.array([given.get(x, 1.0) for x in ALL]), np.zeros((5, 2)), *2 * [lives], 2
    )


def asked(first, again):
    return Asked({"proposing": judged(**first), "confirming": judged(**again)}.__getitem__)


@pytest.mark.parametrize("naive", list(itertools.product(LEVELS, LEVELS)))
def test_a_tilt_is_given_where_both_sets_find_it_better_and_none_finds_it_behind_equal_shares(
    naive,
):
    for models, again in itertools.product(LEVELS, LEVELS):
        both = asked({"models": models, "naive": naive[0]}, {"models": again, "naive": naive[1]})
        way, tilt = advice._chosen(both, [MODELS], forced=False)
        wanted = models > 1 < again and models >= naive[0] and again >= naive[1]
        assert tilt == MODELS
        assert way == (MODELS if wanted else DEFAULT)
        assert advice._chosen(both, [MODELS], forced=True) == (MODELS, MODELS)


def test_the_simpler_of_two_tilts_unless_both_sets_find_the_other_better():
    for first, again in itertools.product(LEVELS, LEVELS):
        both = asked({"series": 1.0, "models": first}, {"series": 1.0, "models": again})
        tilt = advice._chosen(both, [SERIES, MODELS], forced=True)[1]
        assert tilt == (MODELS if first > 1 < again else SERIES)


def kept(desk, held, target, *, worth=({}, {}), who=WHO, cap=1.0, best=DEFAULT):
    complete = capacity.settled(who, desk)[0]
    years = advice._years(complete)
    return advice._kept(complete, desk, held, target, asked(*worth), best, cap, years)[0]


def fund_by(desk, ratio):
    """The dearest or cheapest single fund that is no employer stock and no date."""
    named = ways.naive_weights(desk)
    return ratio(named, key=lambda fund: (desk.expense[fund], fund))


def test_employer_stock_may_be_held_to_the_cap_and_not_beyond(desk, the_plan):
    stock, most = the_plan.rules["employer_stock"]["fund"], the_plan.policy["employer_stock_cap"]
    cheap = fund_by(desk, min)
    for share, why in ((most, None), (most + 0.001, "rule"), (1.0, "rule")):
        held = {stock: share, cheap: 1 - share}
        assert kept(desk, held, held) == why


def test_what_is_held_breaks_the_wish_from_the_first_share_of_equity_beyond_it(desk):
    fund = max(ways.naive_weights(desk), key=lambda name: desk.held[name] @ desk.is_equity)
    share = float(desk.held[fund] @ desk.is_equity)
    assert share > 0.5
    for cap, why in ((share, None), (share - 1e-6, "rule"), (share - 0.03, "rule")):
        assert kept(desk, {fund: 1.0}, {fund: 1.0}, cap=cap) == why
    unwanted = replace(WHO, excluded=(fund,))
    assert kept(desk, {fund: 1.0}, {fund: 1.0}, who=unwanted) == "rule"


def test_the_dearer_is_sold_for_its_cost_unless_it_is_surely_better(desk):
    dear, cheap = ({fund_by(desk, pick): 1.0} for pick in (max, min))
    gap = desk.expense[next(iter(dear))] - desk.expense[next(iter(cheap))]
    assert gap > desk.decided["advice_gain_floor"]
    assert kept(desk, dear, cheap) == "cost"
    assert kept(desk, cheap, dear) is None
    assert kept(desk, dear, cheap, worth=({"held": 1.1}, {"held": 1.1})) is None
    assert kept(desk, dear, cheap, worth=({"held": 1.1}, {})) == "cost"
    slight = replace(desk)
    for floor, why in ((gap * 0.999, "cost"), (gap * 1.001, None)):
        slight.__dict__["decided"] = {**desk.decided, "advice_gain_floor": floor}
        assert kept(slight, dear, cheap) == why


@pytest.mark.parametrize("rule", ["default", "naive"])
def test_what_one_set_of_lives_finds_behind_a_simple_rule_is_not_kept(desk, rule):
    cheap = {fund_by(desk, min): 1.0}
    other = {fund_by(desk, max): 1.0}
    for first, again in itertools.product(LEVELS, LEVELS):
        worth = ({rule: first}, {rule: again})
        wanted = "worth" if first > 1 or again > 1 else None
        assert kept(desk, cheap, other, worth=worth, best=MODELS) == wanted


def test_what_is_advised_moves_what_both_sets_find_it_better_than(desk):
    cheap = {fund_by(desk, min): 1.0}
    for first, again in itertools.product(LEVELS, LEVELS):
        worth = ({"models": first}, {"models": again})
        wanted = "worth" if first > 1 < again else None
        assert kept(desk, cheap, cheap, worth=worth, best=MODELS) == wanted


@pytest.mark.parametrize("cap", [0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0])
@pytest.mark.parametrize("posture", ["conservative", "aggressive"])
def test_no_way_is_offered_beyond_the_wish_while_another_is_within_it(desk, cap, posture):
    complete = capacity.settled(replace(WHO, equity_cap=cap), desk)[0]
    for years in (30.0, 10.0, -5.0):
        wanted = ways.target_equity(desk, years, posture, cap)
        assert wanted <= cap + 1e-12
        ways_there_are = {
            SERIES: ways.series_weights(desk, years, wanted),
            MODELS: ways.model_weights(desk, wanted),
        }
        equity = {
            way: float(ways.mixture(desk, w, years) @ desk.is_equity)
            for way, w in ways_there_are.items()
        }
        allowed = {way for way, x in equity.items() if x <= cap + advice.NEAR}
        allowed |= {min(equity, key=equity.get)}  # where none is within it, the nearest
        found = advice._options(complete, desk, posture, cap, years)
        assert allowed <= set(found)
        for way in found:
            assert equity[way] <= max(cap, min(equity.values())) + advice.NEAR
            assert found[way] == ways_there_are[way]


def test_ceilings_are_the_boldest_that_each_test_lets_through(desk):
    """Each ceiling by asking posture for posture, from the boldest down."""
    for balance, spending, cap in itertools.product((2e4, 6e5, 3e6), (2e4, 9e4), (0.2, 0.55, 1.0)):
        who = replace(WHO, balance=balance, spending=spending, equity_cap=cap)
        complete = capacity.settled(who, desk)[0]
        found = advice.ceilings(complete, desk, None)
        shares = {name: ways.target_equity(desk, 15.0, name, 1.0) for name in desk.order}
        most = desk.decided["capacity_loss_limit"]
        loss = wish = desk.order[0]
        for name in desk.order:
            share, covered = capacity.loss_share(complete, shares[name], desk)
            loss = name if covered or share <= most else loss
            wish = name if shares[name] <= cap + 1e-9 else wish
        assert (found["loss"], found["wish"]) == (loss, wish)
        assert found["tolerance"] == desk.decided["default_posture"]
