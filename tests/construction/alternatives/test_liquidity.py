"""What may be locked: the formula against money counted, and flows against a made-up ledger."""

import numpy as np
import pandas as pd
import pytest

from portlib import data
from portlib.construction.alternatives import liquidity
from portlib.history import open_record


def test_the_largest_share_ends_at_the_ceiling():
    year = {"liquid": -0.4, "locked": -0.05, "outflow": 0.12}
    most = liquidity.most_that_can_be_locked(0.15, **year)
    held, liquid = most * 0.95, (1 - most) * 0.6 - 0.12
    assert held / (held + liquid) == pytest.approx(0.15)
    assert liquidity.locked_after(most * 0.9, **year) < 0.15


def test_what_cannot_be_paid_is_refused():
    with pytest.raises(ValueError, match="cannot pay"):
        liquidity.locked_after(0.8, liquid=-0.4, locked=0.0, outflow=0.2)
    assert liquidity.most_that_can_be_locked(0.15, liquid=-0.6, locked=0, outflow=0.5) == 0
    with pytest.raises(ValueError, match="ceiling"):
        liquidity.most_that_can_be_locked(1.5, liquid=0, locked=0, outflow=0)


def test_flows_of_a_known_ledger_come_back():
    months = pd.to_datetime(["2008-01-31", "2008-02-29", "2008-03-31", "2008-06-30"])
    returns = pd.DataFrame({"a": 0.1}, index=pd.date_range("2008-01-31", "2008-06-30", freq="ME"))
    assets = pd.DataFrame({"a": [100.0, 105.0, 115.5, 200.0]}, index=months)
    flows = liquidity.net_flows(assets, returns)["a"]
    assert flows.index.tolist() == months[1:3].tolist()  # none across the gap
    np.testing.assert_allclose(flows, [-0.05, 0.0], atol=1e-12)
    whole = liquidity.net_flow_between(assets.iloc[:3], returns)["a"]
    assert whole == pytest.approx(115.5 / 121 - 1)
    with pytest.raises(ValueError, match="no returns of b"):
        liquidity.net_flows(assets.rename(columns={"a": "b"}), returns)


def test_the_thrift_savings_plan_s_money_was_moved_and_not_lost():
    """What left the share funds of October 2007 to November 2008 went to the others."""
    assets = data.table("tsp_fund_assets").drop(columns="l_funds")
    assets.index = pd.DatetimeIndex(assets.index)
    record = open_record()
    returns = pd.DataFrame({name: record[name].values for name in assets})
    flow = liquidity.net_flow_between(assets, returns)
    assert (flow[["tsp_c", "tsp_s", "tsp_i"]] < 0).all()
    assert (flow[["tsp_g", "tsp_f"]] > 0).all()
