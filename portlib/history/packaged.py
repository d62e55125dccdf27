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
from importlib import import_module
from pathlib import Path

import pandas as pd

from portlib import data
from portlib.data import DataError
from portlib.history.record import History, MonthlySeries
from portlib.history.treasuries import constant_maturity_returns

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
_LICENCE = {
    "linearmodels_french": "copyright Fama and French; distributed by linearmodels (NCSA)",
    "arch_default": "copyright Moody's; distributed by arch (NCSA)",
    "arch_core_cpi": "public domain; distributed by arch (NCSA)",
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
    """
    return _long_record(data.ROOT, corporate_bond_maturity_years)


@cache
def _long_record(root: Path, maturity_years: float) -> History:
    french = _package(root, "linearmodels_french")
    # The portfolios are raw returns; the market alone comes in excess of bills.
    market = french["us_market_over_bills"] + french["bills"]
    yields = _package(root, "arch_default") / 100
    bonds = constant_maturity_returns(yields, maturity_years).reindex(french.index)
    core = _package(root, "arch_core_cpi")["core_cpi"].pct_change().iloc[1:]
    frame = pd.concat([french, market.rename("us_market"), bonds], axis=1)

    def series(name: str, values: pd.Series, source: str, **words: str) -> MonthlySeries:
        entry = data.source(source)
        return MonthlySeries(
            name=name,
            values=values,
            source=source,
            publisher=entry["publisher"],
            licence=_LICENCE[source],
            confidence=entry["confidence"],
            vintage=str(entry["date"]),
            **{"label": name.replace("_", " "), **words},  # type: ignore[arg-type]
        )

    held = []
    for group, names in GROUPS.items():
        source = "arch_default" if group == "bonds" else "linearmodels_french"
        basis = {
            "bonds": f"repriced at {maturity_years:g} years from averages over the month",
            "factors": "long-short difference, before costs",
        }.get(group, "value weighted, before costs")
        held += [
            series(name, frame[name], source, quantity="return", basis=basis) for name in names
        ]
    for grade in ("aaa", "baa"):
        column = yields[f"{grade}_corporate"]
        held.append(
            series(
                f"{grade}_yield",
                column,
                "arch_default",
                quantity="yield",
                basis="seasoned bonds, averages over the month",
                label=f"{grade.capitalize()} corporate yield",
            )
        )
    held.append(
        series(
            "core_inflation",
            core,
            "arch_core_cpi",
            quantity="change",
            basis="without food and energy, seasonally adjusted",
            label="US core inflation",
        )
    )
    return History(held)


def _package(root: Path, source: str) -> pd.DataFrame:
    """The data of an installed package, named as in ``sources.yml``, indexed by month end."""
    entry = data.source(source)
    module = import_module(entry["module"])
    data.checksum(Path(str(module.__file__)).parent / entry["file"], entry["sha256"])
    frame: pd.DataFrame = module.load()
    frame = frame.set_index("dates") if "dates" in frame else frame
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
    named: pd.DataFrame = frame.rename(columns=entry["series"])
    return named.set_index(expected.to_timestamp(how="end").normalize())
