"""Layers of fees: closed forms, limits, and a second way of counting."""

import numpy as np
import pytest

from portlib.construction.alternatives.fees import Layer, by_layer, gross_needed, net

FUND = Layer("fund", 0.02, 0.20, 0.08)
ABOVE = Layer("fund of funds", 0.01, 0.05, 0.08)


def test_a_fee_alone_compounds():
    assert float(net(0.10, [Layer("f", 0.01)], 7)) == pytest.approx(1.10 * 0.99 - 1)


def test_below_the_preferred_return_there_is_no_carry_and_far_above_a_full_one():
    assert float(FUND.after(1.08**10, 10)) == pytest.approx((1.08 * 0.98) ** 10)
    w = (1.20 * 0.98) ** 10
    assert float(FUND.after(1.20**10, 10)) == pytest.approx(w - 0.2 * (w - 1))


def test_the_waterfall_paid_out_step_by_step_gives_the_same():
    """Capital first, then the preferred return, the catch-up, and the split."""
    for gross in (0.05, 0.103, 0.11, 0.15, 0.3):
        w = ((1 + gross) * 0.98) ** 10
        capital = min(w, 1.0)
        preferred = min(w - capital, 1.08**10 - 1)
        catch_up = min(w - capital - preferred, 0.25 * preferred)
        rest = w - capital - preferred - catch_up
        mine = capital + preferred + 0.8 * rest
        assert float(FUND.after((1 + gross) ** 10, 10)) == pytest.approx(mine)


def test_net_rises_with_gross_and_a_layer_more_never_helps():
    gross = np.linspace(-0.1, 0.4, 60)
    one, two = net(gross, [FUND], 10), net(gross, [FUND, ABOVE], 10)
    assert (np.diff(one) >= -1e-12).all()
    assert (two <= one).all()
    assert (one < gross).all()


def test_what_is_needed_leaves_what_is_wanted_and_layers_add_up():
    gross = gross_needed(0.09, [FUND, ABOVE], 10)
    assert float(net(gross, [FUND, ABOVE], 10)) == pytest.approx(0.09)
    assert sum(by_layer(gross, [FUND, ABOVE], 10).values()) == pytest.approx(gross - 0.09)


def test_percent_for_decimals_is_refused():
    with pytest.raises(ValueError, match="decimals"):
        Layer("fund", 2.0, 20)
    with pytest.raises(ValueError, match="catch-up"):
        Layer("fund", 0.02, 0.2, 0.08, catch_up=0.1)
    with pytest.raises(ValueError, match="some years"):
        net(0.1, [FUND], 0)


def test_layers_are_charged_in_order_and_each_takes_what_is_said():
    """By hand: the fund's terms on gross growth, the next layer's on what the fund leaves."""
    w = 1.15**8
    for layer in (FUND, ABOVE):
        kept = w * (1 - layer.fee) ** 8
        beyond = max(kept - 1.08**8, 0.0)
        w = kept - min(layer.carry * max(kept - 1, 0), layer.catch_up * beyond)
    assert float(net(0.15, [FUND, ABOVE], 8)) == pytest.approx(w ** (1 / 8) - 1)
    taken = by_layer(0.15, [FUND, ABOVE], 8)
    assert taken["fund"] == pytest.approx(0.15 - float(net(0.15, [FUND], 8)))
    lost = float(net(-0.2, [Layer("carried", 0.0, 0.2)], 5))
    assert lost == pytest.approx(-0.2)  # nothing is carried of a loss
