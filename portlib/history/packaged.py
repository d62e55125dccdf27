"""The long record: US history that installed packages carry, to 2017 and 2018.

Monthly returns of US equity by size, style, industry and past return, and bills, 1949-01 to 2017-03
(Kenneth R. French Data Library through linearmodels); Moody's yields from 1919 and core consumer
prices from 1957 (arch). They are read from the packages at run time, checked against the checksums
of ``sources.yml``, and never copied into the project.

Left out: everything after 2017 (the open record, or an import), defaults in the corporate bonds,
equity outside the United States. One vintage: French's library restates its past.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from portlib import data
from portlib.data import DataError
from portlib.history.committed import origin_of
from portlib.history.record import History
from portlib.history.series import core_inflation, corporate_series, equity_series

_SIZES = ("small", "mid", "large")
_STYLES = ("growth", "blend", "value")
_PAST = ("losers", "mid_momentum", "winners")
#: The returns of the long record, by what they are.
GROUPS: dict[str, tuple[str, ...]] = {
    "market": ("us_market",),
    "cash": ("bills",),
    "size_value": tuple(f"{size}_{style}" for size in _SIZES for style in _STYLES),
    "industries": (
        "non_durables",
        "durables",
        "manufacturing",
        "energy",
        "chemicals",
        "business_equipment",
        "telecoms",
        "utilities",
        "shops",
        "health",
        "money",
        "other",
    ),
    "size_momentum": tuple(f"{size}_{past}" for size in _SIZES for past in _PAST),
    "bonds": ("aaa_corporate", "baa_corporate"),
    "factors": ("smb", "hml", "momentum"),
}


def long_record(corporate_bond_maturity_years: float = 20) -> History:
    """US history from 1949, as the packages carry it.

    Parameters
    ----------
    corporate_bond_maturity_years : float
        At which Moody's seasoned yields are repriced; the bonds have 20 years and more to run, so
        that 20 is the cautious end.

    Returns
    -------
    History
        The returns of `GROUPS`: ``us_market`` is the packaged excess return plus bills; sizes,
        styles and past returns are the first, third and fifth quintile; the factors are long-short
        differences; the bonds are `constant_maturity_returns` of yields that are averages over the
        month, smoother than traded prices, and autocorrelated. Further ``aaa_yield``,
        ``baa_yield`` (1919-01 to 2018-12) and ``core_inflation`` (1957-02 to 2018-11).

    Raises
    ------
    DataError
        When a package's data differ from ``sources.yml``.

    Examples
    --------
    The market is what is packaged in excess of bills, and bills; Moody's yields are percent there:

    >>> record = long_record()
    >>> market = record["us_market"]
    >>> f"{market.first:%Y-%m} to {market.last:%Y-%m}"
    '1949-01 to 2017-03'
    >>> from arch.data import default
    >>> from linearmodels.datasets import french
    >>> packaged = french.load()
    >>> excess, bills = (packaged[name].to_numpy() for name in ("MktRF", "RF"))
    >>> bool((abs(market.values.to_numpy() - excess - bills) < 1e-12).all())
    True
    >>> raw = default.load()["BAA"]
    >>> round(float(record["baa_yield"].values.iloc[-1] * 100 - raw.iloc[-1]), 9)
    0.0
    >>> sorted(name for group in GROUPS.values() for name in group if name not in record)
    []
    >>> sorted(set(record.names) - {name for group in GROUPS.values() for name in group})
    ['aaa_yield', 'baa_yield', 'core_inflation']
    >>> record["hml"].basis, record["small_value"].basis
    ('long-short difference, before costs', 'value weighted, before costs')

    A bond of shorter life loses less when yields rise, as they did in 1994:

    >>> rise = slice("1994-02", "1994-11")
    >>> five = long_record(5)["baa_corporate"].values[rise].sum()
    >>> bool(record["baa_corporate"].values[rise].sum() < min(five, 0))
    True

    It goes on in ``packaged.md``.
    """
    return _long_record(data.ROOT, corporate_bond_maturity_years)


@cache
def _long_record(root: Path, maturity_years: float) -> History:
    french = _package(root, "linearmodels_french")
    library = origin_of("linearmodels_french")
    # The portfolios are raw returns; the market alone comes in excess of bills.
    market = french["us_market_over_bills"] + french["bills"]
    returns = french.assign(us_market=market)
    yields = _package(root, "arch_default") / 100
    held = []
    for group, names in GROUPS.items():
        if group == "bonds":
            for grade in ("aaa", "baa"):
                column = yields[f"{grade}_corporate"]
                held += corporate_series(column, grade, maturity_years, origin_of("arch_default"))
            continue
        difference = group == "factors"
        held += [equity_series(n, returns[n], library, difference=difference) for n in names]
    core = _package(root, "arch_core_cpi")["core_cpi"]
    held.append(core_inflation(core, origin_of("arch_core_cpi")))
    return History(held)


def _package(root: Path, source: str) -> pd.DataFrame:
    """The data of an installed package, named as in ``sources.yml``, indexed by month end."""
    entry = data.source(source)
    path = _folder(entry["module"]) / entry["file"]
    data.checksum(path, entry["sha256"])
    frame = pd.read_csv(path, index_col=0, parse_dates=True)
    if list(frame.columns) != list(entry["series"]):
        raise DataError(
            f"{entry['module']}: columns {list(frame.columns)} are not those of sources.yml"
        )
    expected = pd.period_range(entry["first"], entry["last"], freq="M", name="month")
    # pandas 3 reads a yyyymm index as nanoseconds after 1970-01-01; no such data get past here.
    if list(pd.DatetimeIndex(frame.index).to_period("M")) != list(expected):
        raise DataError(
            f"{entry['module']}: months are not all from {entry['first']} to {entry['last']}"
        )
    named = frame.rename(columns=entry["series"])
    return named.set_index(expected.to_timestamp(how="end").normalize())


def _folder(module: str) -> Path:
    """Where a package keeps a data set: found without importing it, since a whole library of
    estimators would be loaded for a table that is only read."""
    top, *below = module.split(".")
    found = find_spec(top)
    if found is None or not found.submodule_search_locations:
        raise DataError(f"{top}, which carries a part of the long record, is not installed")
    return Path(found.submodule_search_locations[0], *below)
