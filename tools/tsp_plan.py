"""Where does ``plans/tsp`` come from? From what the Thrift Savings Plan publishes, by this.

``python -m tools.tsp_plan`` writes ``target_date_vintages.csv`` and ``participants.csv`` of the
folder again, from the committed tables of what the Federal Retirement Thrift Investment Board
published (``data/tsp_*``), ``fund_returns.csv`` from ``data/tsp_returns.csv``, and
``assumptions.csv`` with ``correlations.csv``: the survey's, but for the G Fund, which pays what the
law says. ``rules.yml``, ``lineup.csv``, ``classes.yml`` and ``policy.yml`` are written by hand.

The participants are SYNTHETIC: nobody in them exists. They are drawn so that groups, balance
bands, years of contributing, the mean account, deferral, agency match, and the money in each fund
are those that were published; `published` says which and of when. What is not published (ages
beyond their mean, pay of the uniformed, who is married) is assumed here and named so.

Left out: accounts of beneficiaries, people who have left service told apart, and the automatic
one percent for somebody who defers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from portlib import data

FOLDER = Path(__file__).parents[1] / "plans" / "tsp"
PEOPLE, SEED = 500, 1986
#: The I Fund's index, without the United States, China and Hong Kong: developed, emerging.
INTERNATIONAL = {"intl_dev_equity": 0.78, "em_equity": 0.22}
#: Assumed, because unpublished: age at entry (mean, spread), pay against a FERS employee's.
ENTRY = {"FERS": (34.0, 8.0), "CSRS": (24.0, 3.0), "legacy": (21.0, 3.0), "BRS": (21.0, 3.0)}
PAY = {"FERS": 1.0, "CSRS": 1.1, "legacy": 0.75, "BRS": 0.5}
MARRIED = {"single": 0.40, "married_joint": 0.52, "head_of_household": 0.08}


def published() -> Mapping[str, Any]:
    """The figures that the participants are drawn to, with the date of each."""
    return data.document("tsp_published")


def origin() -> str:
    """What the rules say of where the figures come from."""
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))
    return str(rules["origin"])


def vintages(quarter: str = "2026-07-01") -> pd.DataFrame:
    """The L Funds' target weights of a quarter, by years until the middle of each fund's year.

    The two youngest funds have no published table; they run the weights of L 2065, which is as far
    from its date as their equity, 99 percent, allows.
    """
    table = data.table("tsp_lifecycle_weights")
    now = table[table["effective"] == quarter].set_index("fund")
    start = pd.Timestamp(quarter)
    rows = {}
    for fund, weights in now.iterrows():
        year = str(fund).removeprefix("l_")
        away = 0 if year == "income" else int(year) - start.year + (start.month - 7) / -12
        rows[round(away, 2)] = weights
    known = now.T["l_2065"]
    for youngest in (2070, 2075):
        rows[float(youngest - start.year)] = known
    out = pd.DataFrame(rows).T.sort_index(ascending=False)
    made = pd.DataFrame({"years_to_retirement": out.index})
    made.insert(0, "origin", origin())
    values = out[["g", "f", "c", "s", "i"]].to_numpy(float)
    values = values / values.sum(axis=1, keepdims=True)
    g, f, c, s, i = values.T
    made["equity"] = np.round(c + s + i, 6)
    made["us_large_equity"] = c
    made["us_small_equity"] = s
    for name, share in INTERNATIONAL.items():
        made[name] = share * i
    made["us_core_bonds"] = f
    made["cash"] = g
    return made


def participants() -> pd.DataFrame:
    """People drawn to the published figures; SYNTHETIC."""
    rng = np.random.default_rng(SEED)
    told = published()
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))
    year = rules["as_of"].year
    groups = pd.Series(told["participants"]["groups"], dtype=float)
    group = np.repeat(groups.index, _apportioned(groups, PEOPLE))
    balance, service = _accounts(told, rng)
    group = _by_service(group, service, rng)
    entry = np.array([rng.normal(*ENTRY[name]) for name in group])
    service = np.where(group == "CSRS", np.maximum(service, year - 1983), service)
    service = np.where(group == "BRS", np.minimum(service, year - 2018), service).astype(int)
    age = np.clip(np.maximum(entry, 18) + service, 19, 72).astype(int)
    service = np.minimum(service, age - 18)
    mean_pay = told["pay"]["average_2013"] * _prices_since(str(told["pay"]["as_of"]))
    spread = np.exp(0.3 * rng.standard_normal(PEOPLE) + 0.008 * (np.minimum(age, 55) - 45))
    pay = mean_pay * np.array([PAY[name] for name in group]) * spread
    deferral = _deferrals(told, age, rng)
    roth = np.where(
        rng.random(PEOPLE) < told["roth"]["share_with_balance"],
        rng.integers(2, 11, PEOPLE) / 10,
        0.0,
    )
    return pd.DataFrame(
        {
            "origin": rules["origin"],
            "participant": [f"T{i + 1:04d}" for i in range(PEOPLE)],
            "birth_year": year - age,
            "hire_year": year - service,
            "pay": np.round(pay, -2).astype(int),
            "deferral_rate": deferral,
            "roth_share": roth,
            "balance": np.round(balance).astype(int),
            "filing_status": rng.choice(list(MARRIED), PEOPLE, p=list(MARRIED.values())),
            "retirement_age": "",
            "outside_assets": "",
            "other_income": "",
            "answers": "",
            "holdings": _holdings(told, np.round(balance), age, rng),
        }
    )


def _apportioned(sizes: pd.Series, count: int) -> np.ndarray:
    """Whole numbers in proportion to sizes that sum to the count (largest remainders)."""
    exact = sizes.to_numpy(float) / sizes.sum() * count
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact)[: count - whole.sum()]] += 1
    return whole


def _accounts(told: Mapping[str, Any], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Balances by the published bands, carried to the mean account of the day, and years of
    contributing about each band's mean."""
    bands = told["bands"]
    counts = _apportioned(pd.Series([band["accounts"] for band in bands]), PEOPLE)
    balance, service = [], []
    for band, count in zip(bands, counts, strict=True):
        low, high = np.log([band["from"], band["below"]])
        balance.append(np.exp(rng.uniform(low, high, count)))
        service.append(rng.gamma(4.0, band["years"] / 4.0, count))
    drawn = np.concatenate(balance)
    mean = told["totals"]["assets"] / told["totals"]["participants"]
    return drawn * mean / drawn.mean(), np.minimum(np.concatenate(service), 44)


def _by_service(group: np.ndarray, service: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The long-serving are CSRS and FERS, the recent BRS: groups in a noisy order of service."""
    order = np.argsort(service + rng.normal(0, 5, len(service)))
    rank = {"BRS": 0, "legacy": 1, "FERS": 1, "CSRS": 2}
    noise = rng.random(len(group))
    made = np.empty(len(group), dtype=object)
    made[order] = group[np.lexsort((noise, np.array([rank[name] for name in group])))]
    return made


def _prices_since(month: str) -> float:
    """Consumer prices today against a month's."""
    prices = data.table("consumer_prices")["cpi_u"].dropna()
    return float(prices.iloc[-1] / prices[month])


def _deferrals(told: Mapping[str, Any], age: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nothing, too little for the whole match, or enough, in the published shares; older people
    more, about the published mean."""
    rates = told["deferral"]
    which = rng.random(len(age))
    nothing = which < 1 - rates["participation"]
    short = ~nothing & (which < 1 - rates["full_match"])
    by_age = np.interp(age, rates["ages"], rates["by_age_2013"])
    enough = ~nothing & ~short
    little = rng.integers(1, 5, len(age)) / 100
    least = rates["whole_match_from"]
    extra = rng.exponential(1.0, len(age)) * by_age
    left = rates["mean"] * (~nothing).sum() - little[short].sum() - least * enough.sum()
    extra *= left / extra[enough].sum()
    made = np.where(enough, least + extra, np.where(short, little, 0.0))
    return np.round(np.minimum(made, 0.40), 2)


def _holdings(
    told: Mapping[str, Any], balance: np.ndarray, age: np.ndarray, rng: np.random.Generator
) -> list[str]:
    """Whole percents: the published share of people has everything in its L Fund, the younger
    rather; the others' funds are raked until all hold the published shares of the money."""
    share = pd.Series(told["assets_by_fund"]["shares"], dtype=float)
    share = share / share.sum()
    count = len(balance)
    score = 1 / (1 + np.exp((age - 42) / 8 + np.log(balance / np.median(balance)) / 2))
    wanted = round(told["lifecycle"]["all_in"] * count)
    chosen = rng.choice(count, wanted, replace=False, p=score / score.sum())
    all_in = np.isin(np.arange(count), chosen)
    weight = pd.DataFrame(0.0, range(count), share.index)
    weight.loc[all_in, "L"] = 1.0
    for i in np.flatnonzero(~all_in):
        some = rng.choice(len(share), min(1 + rng.poisson(1.6), 5), replace=False, p=share)
        weight.loc[i, share.index[some]] = rng.dirichlet(np.full(len(some), 2.0))
    directed = int(np.where(all_in, 0, balance).argmax())
    weight.loc[directed, weight.columns[weight.sum() == 0]] = 0.05
    rest = weight[~all_in].mul(balance[~all_in], axis=0)
    left = share * balance.sum()
    left["L"] -= balance[all_in].sum()
    for _ in range(500):  # iterative proportional fitting
        rest = rest * (left / rest.sum())
        rest = rest.mul(balance[~all_in] / rest.sum(axis=1), axis=0)
    weight.loc[~all_in] = rest.div(balance[~all_in], axis=0)
    percent = (100 * weight).round().astype(int)
    largest = percent.to_numpy().argmax(axis=1)
    fixed = percent.to_numpy().copy()
    fixed[np.arange(count), largest] += 100 - fixed.sum(axis=1)
    return [
        "; ".join(f"{fund} {part}" for fund, part in zip(share.index, row, strict=True) if part)
        for row in fixed
    ]


def fund_returns() -> pd.DataFrame:
    """The five funds' monthly returns, each from its own first month."""
    months = data.table("tsp_returns").rename_axis("month")
    funds = [f"tsp_{name}" for name in "gfcsi"]
    return months[funds].set_axis(list("GFCSI"), axis=1)


#: The year of the survey that the other classes are from.
SURVEY_YEAR = 2025
#: What the five funds hold.
CLASSES = [
    "us_large_equity",
    "us_small_equity",
    "intl_dev_equity",
    "em_equity",
    "us_core_bonds",
    "cash",
]


def statutory_rate(year: int = SURVEY_YEAR) -> float:
    """What the G Fund paid in a year, before its costs: the average yield of marketable Treasuries
    of four years and more, set by the month (5 USC 8438(e)(2)).

    A year's rate and not the last month's, because it stands beside a survey of that year: against
    expectations of another day it would be a bet on what rates did in between.
    """
    months = data.table("tsp_returns")["tsp_g"]
    of_year = months[months.index.str.startswith(str(year))].to_numpy(float)
    costs = data.table("tsp_expense_ratios").set_index(["fund", "year"])["total"]
    return float(np.prod(1 + of_year) - 1 + costs["g", year])


def assumptions() -> pd.DataFrame:
    """The survey's figures of the classes that the funds hold, and the G Fund's own mean."""
    survey = data.table("horizon_2025_assets").loc[CLASSES]
    made = pd.DataFrame(
        {
            "expected_return": survey["arithmetic_10y"],
            "return_kind": "arithmetic",
            "horizon_years": 10,
            "volatility": survey["volatility"],
            "source": "Horizon Actuarial Services, 2025 survey, Exhibit 17",
            "date": "2025-08-01",
        }
    ).rename_axis("class")
    source = (
        f"G Fund's statutory rate in {SURVEY_YEAR}, before costs (5 USC 8438(e)(2)); risk of bills"
    )
    made.loc["cash", "expected_return"] = round(statutory_rate(), 4)
    made.loc["cash", "source"] = source
    made.loc["cash", "date"] = f"{SURVEY_YEAR}-12-31"
    return made


def correlations() -> pd.DataFrame:
    """The survey's correlations of those classes; the G Fund has those of bills."""
    table = data.table("horizon_2025_correlations")
    return table.loc[CLASSES, CLASSES].rename_axis("class")


def files() -> dict[str, str]:
    """What this writes, by name."""
    return {
        "target_date_vintages.csv": vintages().to_csv(
            index=False, float_format="%.8g", lineterminator="\n"
        ),
        "participants.csv": participants().to_csv(index=False, lineterminator="\n"),
        "assumptions.csv": assumptions().to_csv(lineterminator="\n"),
        "correlations.csv": correlations().to_csv(lineterminator="\n"),
        "fund_returns.csv": fund_returns().to_csv(float_format="%.8f", lineterminator="\n"),
    }


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote plans/tsp/{name}")
