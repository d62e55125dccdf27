"""Is a fund of foreign shares priced as of today, or partly as of yesterday?

Asia and Europe close before New York. A price that uses their last closing prices holds nothing of
the American afternoon; tomorrow's does. With ``i`` the fund's return and ``c`` that of large US
companies on the same day,

    i_t = a + b0 c_t + b1 c_{t-1} + g i_{t-1} + e_t

``b1 = 0`` where the fund is priced at fair value; ``b1 / (b0 + b1)`` is the part of an American
move that comes a day late, and whoever may trade at such a price takes from those who stay.
Sources: Chalmers, Edelen and Kadlec (2001), Zitzewitz (2003). Errors are robust to unequal variance
(White 1980).

Left out: hours (daily prices know none), the fund's index (its vendor's), trading against it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ["same day", "next day", "own yesterday"]


def next_day(fund: pd.Series, market: pd.Series) -> pd.DataFrame:
    """Coefficients of the regression above and their standard errors, one row a coefficient.

    Both series are daily returns on the same days; ValueError below 60 days.

    Examples
    --------
    The coefficients are those of least squares, and errors White's with n / (n - 4), by another
    routine:

    >>> days = pd.bdate_range("2026-01-05", periods=80)
    >>> rng = np.random.default_rng(0)
    >>> market = pd.Series(rng.normal(0, 0.01, 80), days)
    >>> fund = 0.0005 + 0.6 * market + 0.3 * market.shift(1, fill_value=0.0)
    >>> fund += rng.normal(0, 0.002, 80) * (1 + 100 * market.abs())
    >>> found = next_day(fund, market)
    >>> x = np.column_stack([np.ones(79), market[1:], market[:-1], fund[:-1]])
    >>> b, *_ = np.linalg.lstsq(x, fund.to_numpy()[1:], rcond=None)
    >>> bool(np.allclose(found["coefficient"], b[1:])), found.index.tolist()
    (True, ['same day', 'next day', 'own yesterday'])
    >>> rest = fund.to_numpy()[1:] - x @ b
    >>> root = np.linalg.pinv(x) * rest
    >>> bool(np.allclose(found["error"], np.sqrt((root**2).sum(axis=1) * 79 / 75)[1:]))
    True
    >>> len(next_day(fund[:61], market)), next_day(fund[:60], market)
    Traceback (most recent call last):
    ...
    ValueError: 59 days are too few to tell the day's return from the next's
    """
    both = pd.DataFrame(
        {"i": fund, "c": market, "late": market.shift(1), "own": fund.shift(1)}
    ).dropna()
    if len(both) < 60:
        raise ValueError(f"{len(both)} days are too few to tell the day's return from the next's")
    x = np.column_stack([np.ones(len(both)), both[["c", "late", "own"]]])
    y = both["i"].to_numpy(float)
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ (x.T @ y)
    rest = y - x @ b
    bread = inverse @ ((x * (rest**2)[:, None]).T @ x) @ inverse * len(both) / (len(both) - 4)
    return pd.DataFrame({"coefficient": b[1:], "error": np.sqrt(np.diag(bread))[1:]}, COLUMNS)


def part_late(fund: pd.Series, market: pd.Series) -> float:
    """What part of an American move the fund shows only the next day.

    Examples
    --------
    A fund that shows three quarters of a move on its day and the rest on the next is a quarter
    late:

    >>> days = pd.bdate_range("2026-01-05", periods=200)
    >>> rng = np.random.default_rng(0)
    >>> market = pd.Series(rng.normal(0, 0.01, 200), days)
    >>> noise = pd.Series(rng.normal(0, 1e-6, 200), days)
    >>> round(part_late(0.75 * market + 0.25 * market.shift(1) + noise, market), 3)
    0.25

    Of what it does for another reason, here half of what it did the day before, nothing is counted:

    >>> fund = 0.6 * market + 0.15 * market.shift(1, fill_value=0.0) + noise
    >>> for day in range(1, 200):
    ...     fund.iloc[day] += 0.5 * fund.iloc[day - 1]
    >>> round(part_late(fund, market), 3)  # 0.15 / 0.75
    0.2
    """
    b = next_day(fund, market)["coefficient"]
    return float(b["next day"] / (b["same day"] + b["next day"]))
