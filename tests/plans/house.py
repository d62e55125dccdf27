"""Make the SYNTHETIC plan of a house that brings everything of its own: ``python
tests/plans/house.py FOLDER``.

Two classes beside the survey's liquid ones, one that it calls otherwise, a history to last month in
a semicolon file with decimal commas, six funds' returns with percent signs of which one begins two
years later, and the holdings of two funds. Nothing in it exists: months are drawn from the house's
own assumptions, so that a chapter that runs on them must find what was put in.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20261031
MONTHS = pd.date_range("2012-01-31", "2026-10-31", freq="ME", name="Monat")
#: By class: expected return (geometric, ten years) and volatility, a year.
CLASSES = {
    "us_large_equity": (0.064, 0.16),
    "us_small_equity": (0.068, 0.20),
    "international": (0.067, 0.17),
    "listed_infrastructure": (0.060, 0.14),
    "us_core_bonds": (0.046, 0.055),
    "global_bonds": (0.044, 0.04),
    "us_tips": (0.043, 0.055),
    "cash": (0.033, 0.01),
}
STOCKS = list(CLASSES)[:4]
#: By fund: label, kind, management, expenses, specific risk, what it holds.
FUNDS = {
    "BIG": ("Large Company Index", "core", "index", 0.0002, 0.002, {"us_large_equity": 1.0}),
    "SMALL": ("Small Company Fund", "core", "active", 0.0068, 0.03, {"us_small_equity": 1.0}),
    "WORLD": ("International Index", "core", "index", 0.0007, 0.004, {"international": 1.0}),
    "PIPES": (
        "Infrastructure Fund",
        "core",
        "active",
        0.0075,
        0.025,
        {"listed_infrastructure": 0.9, "us_large_equity": 0.1},
    ),
    "BONDS": ("Bond Index", "core", "index", 0.0003, 0.002, {"us_core_bonds": 1.0}),
    "GLOBE": (
        "Global Bond Fund",
        "core",
        "active",
        0.0042,
        0.01,
        {"global_bonds": 0.85, "us_core_bonds": 0.15},
    ),
    "REAL": ("Inflation-Protected Bonds", "core", "index", 0.0006, 0.003, {"us_tips": 1.0}),
    "MONEY": ("Money Market", "core", "index", 0.0018, 0.001, {"cash": 1.0}),
    "DATES": ("Target-Date Series", "target_date", "index", 0.0008, 0.004, {}),
}
#: Funds whose returns it brings, and what they truly held: PIPES less than it states.
RETURNS = {
    "BIG": {"us_large_equity": 1.0},
    "SMALL": {"us_small_equity": 0.8, "us_large_equity": 0.2},
    "WORLD": {"international": 1.0},
    "PIPES": {"listed_infrastructure": 0.6, "us_large_equity": 0.4},
    "BONDS": {"us_core_bonds": 1.0},
    "GLOBE": {"global_bonds": 0.8, "us_core_bonds": 0.2},
}
YOUNGER, LATER = "PIPES", pd.Timestamp("2014-01-31")
RULES = """name: House 401(k) plan
origin: SYNTHETIC
as_of: 2026-10-31
normal_retirement_age: 65
default: DATES
recordkeeping_fee: 52.0
contributions:
  automatic: 0.06
  match:
    - {rate: 1.0, up_to: 0.04}
  roth: true
employer_stock: null
stable_value: null
trading:
  transfers_per_quarter: null
  round_trip_days: {WORLD: 30}
  minimum_holding_days: {}
blackouts: []
models: {most_funds: 6, whole_percent: true}
clauses: {trading: "plan document, section 7.2 (SYNTHETIC)"}
"""
OWN_CLASSES = """international:
  label: International shares
  role: equity
  survey: intl_dev_equity
listed_infrastructure:
  label: Listed infrastructure
  role: equity
  survey: infrastructure
global_bonds:
  label: Global bonds, hedged
  role: fixed_income
  survey: intl_dev_bonds
"""


def correlations() -> pd.DataFrame:
    """The house's correlations: shares 0.75 among each other, bonds 0.6, across 0.15."""
    names = list(CLASSES)
    table = pd.DataFrame(0.15, names, names)
    bonds = [name for name in names if name not in STOCKS and name != "cash"]
    for block, value in ((STOCKS, 0.75), (bonds, 0.6)):
        table.loc[block, block] = value
    table.loc["cash"] = table["cash"] = 0.05
    values = table.to_numpy(copy=True)
    np.fill_diagonal(values, 1.0)
    return pd.DataFrame(values, names, names)


def months() -> pd.DataFrame:
    """Months of the classes, drawn from the house's assumptions."""
    mean, risk = (np.array([one[at] for one in CLASSES.values()]) for at in (0, 1))
    sigma = np.outer(risk, risk) * correlations().to_numpy() / 12
    drawn = np.random.default_rng(SEED).multivariate_normal(
        (mean + risk**2 / 2) / 12, sigma, size=len(MONTHS)
    )
    return pd.DataFrame(drawn, MONTHS, list(CLASSES))


def fund_months(classes: pd.DataFrame) -> pd.DataFrame:
    """Months of the six funds, each from its own first."""
    rng = np.random.default_rng(SEED + 1)
    made = {
        fund: classes[list(held)] @ pd.Series(held)
        + FUNDS[fund][4] / np.sqrt(12) * rng.standard_normal(len(classes))
        - FUNDS[fund][3] / 12
        for fund, held in RETURNS.items()
    }
    table = pd.DataFrame(made)
    table.loc[table.index < LATER, YOUNGER] = np.nan
    return table


def _lineup() -> str:
    names = list(CLASSES)
    head = "origin,fund,label,kind,category,management,vehicle,affiliated,expense_ratio,fee_12b1,"
    rows = [head + "revenue_share,plan_share,specific_risk," + ",".join(names)]
    for fund, (label, kind, management, cost, risk, held) in FUNDS.items():
        shares = ",".join(str(held.get(name, 0)) for name in names)
        rows.append(
            f"SYNTHETIC,{fund},{label},{kind},,{management},collective_trust,no,{cost},0,0,,{risk},"
            + shares
        )
    return "\n".join(rows) + "\n"


def _vintages() -> str:
    rows = ["origin,years_to_retirement,equity,us_large_equity,international,us_core_bonds,cash"]
    for years, equity in ((40, 0.9), (20, 0.78), (0, 0.45), (-10, 0.3)):
        shares = (0.6 * equity, 0.4 * equity, 0.9 * (1 - equity), 0.1 * (1 - equity))
        rows.append(f"SYNTHETIC,{years},{equity}," + ",".join(f"{x:.4f}" for x in shares))
    return "\n".join(rows) + "\n"


def _people() -> str:
    rng = np.random.default_rng(SEED + 2)
    rows = [
        "origin,participant,birth_year,hire_year,pay,deferral_rate,roth_share,balance,"
        "filing_status,retirement_age,outside_assets,other_income,answers,holdings"
    ]
    held = ("DATES 100", "BIG 60; WORLD 25; BONDS 15", "BONDS 50; MONEY 20; REAL 30")
    held += ("SMALL 20; BIG 40; PIPES 20; GLOBE 20", "DATES 70; MONEY 30")
    for at in range(24):
        age = 24 + int(at * 1.7)
        pay = int(45_000 + 1_300 * at)
        balance = int(pay * 0.09 * max(1, age - 24) * 1.1)
        answers = " ".join(map(str, rng.integers(2, 5, 7))) if at % 2 else ""
        rows.append(
            f"SYNTHETIC,P{at + 1:02d},{2026 - age},{2026 - max(1, (age - 22) // 2)},{pay},0.07,0.2,"
            f"{balance},{('single', 'married_joint')[at % 2]},,,,{answers},{held[at % 5]}"
        )
    return "\n".join(rows) + "\n"


def _assumptions() -> str:
    rows = ["class,expected_return,return_kind,horizon_years,volatility,source,date"]
    rows += [
        f"{name},{mean:.1%},geometric,10,{risk:.1%},House view (SYNTHETIC),2026-10-31"
        for name, (mean, risk) in CLASSES.items()
    ]
    return "\n".join(rows) + "\n"


def write(folder: Path) -> Path:
    """The whole folder."""
    classes = months()
    funds = fund_months(classes)
    spelt = {"international": "International shares", "global_bonds": "Global bonds, hedged"}
    signed = funds.set_axis(funds.index.strftime("%m/%d/%Y"), axis="index").rename_axis("Month")
    percents = signed.map(lambda x: "" if np.isnan(x) else f"{x:.2%}")
    files = {
        "rules.yml": RULES,
        "lineup.csv": _lineup(),
        "participants.csv": _people(),
        "target_date_vintages.csv": _vintages(),
        "classes.yml": OWN_CLASSES,
        "assumptions.csv": _assumptions(),
        "correlations.csv": correlations().rename_axis("class").to_csv(),
        "history.csv": classes.rename(columns=spelt).round(6).to_csv(sep=";", decimal=","),
        "fund_returns.csv": percents.rename(columns={"WORLD": "International Index"}).to_csv(),
        "fund_holdings.csv": """fund,date,id_kind,id,weight
SMALL,2026-09-30,ticker,AAA,55%
SMALL,2026-09-30,ticker,BBB,25%
SMALL,2026-09-30,ticker,CCC,18%
SMALL,2026-09-30,name,Unlisted Holding,2%
GLOBE,2026-09-30,isin,DE0001102580,80%
GLOBE,2026-09-30,cusip,912810TM0,17%
GLOBE,2026-09-30,name,Currency forwards,3%
""",
        "securities.csv": """id_kind,id,name,class,country,valid_from,valid_to
ticker,AAA,A Company,us_small_equity,US,,
ticker,BBB,B Company,us_small_equity,US,,
ticker,CCC,C Company,us_large_equity,US,,
isin,DE0001102580,Federal bond,global_bonds,DE,,
cusip,912810TM0,Treasury bond,us_core_bonds,US,,
""",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
