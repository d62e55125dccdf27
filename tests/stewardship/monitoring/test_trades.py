"""Trades: fills, slippage and delays by hand."""

import numpy as np
import pandas as pd
import pytest

from portlib.stewardship import monitoring


def series(values: list[float] | np.ndarray, first: str = "2001-01") -> pd.Series:
    months = (
        pd.period_range(first, periods=len(values), freq="M").to_timestamp(how="end").normalize()
    )
    return pd.Series(values, months, dtype=float)


def test_trade_quality_by_hand_and_refusals() -> None:
    days = ["2026-01-05", "2026-01-05", "2026-01-06", "2026-01-07"]
    row = dict(zip(["instructed", "locked", "pending", "final"], pd.to_datetime(days), strict=True))
    buy = {
        **row,
        "fund": "A",
        "side": 1,
        "units": 10.0,
        "decided_price": 20.0,
        "executed_price": 20.1,
    }
    sell = {
        **buy,
        "side": -1,
        "units": 30.0,
        "executed_price": 20.2,
        "final": pd.Timestamp("2026-01-12"),
    }
    found = monitoring.trade_quality(pd.DataFrame([buy, sell])).iloc[0]
    assert found["slippage"] == pytest.approx((10 * 0.1 - 30 * 0.2) / 800)
    assert found["settlement days"] == 5  # Monday to Monday
    for broken in ({**buy, "pending": pd.Timestamp("2026-01-01")}, {**buy, "final": pd.NaT}):
        with pytest.raises(
            ValueError, match="trade of A instructed 2026-01-05 has events out of order"
        ):
            monitoring.trade_quality(pd.DataFrame([sell, broken]))
    made = monitoring.made_up_trades(
        ["A", "B"], pd.DatetimeIndex(series([0.0] * 12).index), np.random.default_rng(1)
    )
    assert len(made) == 36
    assert monitoring.trade_quality(made).notna().all(axis=None)


def test_days_count_from_the_instruction_and_belong_to_its_month() -> None:
    days = pd.to_datetime(["2026-01-29", "2026-01-30", "2026-02-02", "2026-02-03"])
    row = dict(zip(["instructed", "locked", "pending", "final"], days, strict=True))
    one = {**row, "fund": "A", "side": -1, "units": 2.0}
    one |= {"decided_price": 10.0, "executed_price": 9.9}
    found = monitoring.trade_quality(pd.DataFrame([one]))
    assert list(found.index) == [pd.Timestamp("2026-01-31")]
    assert found["settlement days"].item() == 3  # Friday, Monday, Tuesday
    assert found["slippage"].item() == pytest.approx(0.01)  # sold for less: a cost


def test_the_slow_twentieth_decides_and_the_one_in_a_hundred_does_not() -> None:
    final = pd.to_datetime(["2026-01-06"] * 18 + ["2026-01-08", "2026-01-30"])
    day = pd.Timestamp("2026-01-05")
    trades = pd.DataFrame(
        {"instructed": day, "locked": day, "pending": day, "final": final, "fund": "A", "side": 1}
    ).assign(units=1.0, decided_price=1.0, executed_price=1.0)
    # nineteen of twenty are final within three days; 0.95 of the way from first to last is beyond
    assert monitoring.trade_quality(trades)["settlement days"].item() == 19
    assert monitoring.trade_quality(pd.concat([trades[:19]] * 2))["settlement days"].item() == 3
