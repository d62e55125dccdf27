"""Make the participants of the SYNTHETIC plans: ``python tests/plans/make.py`` writes both files
again.

Nobody in them exists. Ages, pay and balances follow no published table; they are drawn so that pay
rises with age, balances with service and pay, and fund holdings add up to the shares of the plan's
assets that its lineup states. A hidden tolerance for risk drives the answers to the questionnaire;
one person in twelve answers at random.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    ROOT / "data" / "plan": (600, 2026),
    ROOT / "tests" / "plans" / "awkward": (40, 401),
}  # people, seed
TOLD = {
    "P0001": {"balance": 0},  # hired this year, nothing paid in yet
    "P0003": {"spouse_birth_year": 1955, "spouse_pay": 0},  # older, and retired
    "P0005": {"spouse_birth_year": 1990, "spouse_pay": 52_000},
    "P0006": {"spouse_birth_year": 2003},  # whose pay nobody told
    "P0038": {"pay": 0, "deferral_rate": 0.0},  # left, and kept the account
}  # of the awkward plan, what drawing does not give
REVERSED = (3, 6)  # the questions whose high answers mean low tolerance


def participants(folder: Path, count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rules = yaml.safe_load((folder / "rules.yml").read_text(encoding="utf-8"))
    lineup = pd.read_csv(folder / "lineup.csv").set_index("fund")
    year = rules["as_of"].year
    age = np.clip(rng.normal(44, 12, count), 21, 72).astype(int)
    service = np.minimum(rng.gamma(1.4, 6, count), age - 20).astype(int)
    pay = 58_000 * np.exp(0.35 * rng.standard_normal(count) + 0.012 * (np.minimum(age, 55) - 40))
    balance = (
        pay * 0.085 * (service + 0.3) * 1.035**service * np.exp(0.4 * rng.standard_normal(count))
    )
    enrolled = 1.0 if rules["contributions"]["automatic"] else 0.5
    automatic = rng.random(count) < enrolled * np.where(service < 6, 0.7, 0.1)
    deferral = np.where(
        automatic, max(rules["contributions"]["automatic"], 0.03), rng.integers(0, 16, count) / 100
    )
    roth = (
        np.where(rng.random(count) < 0.25, rng.integers(1, 11, count) / 10, 0)
        * rules["contributions"]["roth"]
    )
    status = rng.choice(
        ["single", "married_joint", "head_of_household"], count, p=[0.4, 0.52, 0.08]
    )
    retire = np.where(
        rng.random(count) < 0.5, np.maximum(age + 1, rng.integers(58, 71, count)), np.nan
    )
    outside = np.where(
        rng.random(count) < 0.35, np.round(pay * rng.gamma(0.8, 1.2, count), -3), np.nan
    )
    income = np.where(
        rng.random(count) < 0.12, np.round(pay * rng.uniform(0.05, 0.4, count), -2), np.nan
    )
    tolerance = rng.normal(-0.015 * (age - 44), 1)
    questions = 7
    said = np.rint(3 + 0.8 * tolerance[:, None] + 0.8 * rng.standard_normal((count, questions)))
    said = np.clip(said, 1, 5).astype(int)
    for question in REVERSED:
        said[:, question - 1] = 6 - said[:, question - 1]
    careless = rng.random(count) < 1 / 12
    said[careless] = rng.integers(1, 6, (careless.sum(), questions))
    answered = rng.random(count) < 0.4
    return pd.DataFrame(
        {
            "origin": rules["origin"],
            "participant": [f"P{i + 1:04d}" for i in range(count)],
            "birth_year": year - age,
            "hire_year": year - service,
            "pay": np.round(pay, -2).astype(int),
            "deferral_rate": deferral,
            "roth_share": roth,
            "balance": np.round(balance).astype(int),
            "filing_status": status,
            "retirement_age": pd.array(retire).astype("Int64"),
            "outside_assets": pd.array(outside).astype("Int64"),
            "other_income": pd.array(income).astype("Int64"),
            "answers": [
                " ".join(map(str, row)) if yes else ""
                for row, yes in zip(said, answered, strict=True)
            ],
            "holdings": holdings(
                lineup["plan_share"], rules["default"], automatic, np.round(balance), rng
            ),
        }
    )


def holdings(
    share: pd.Series,
    default: str,
    automatic: np.ndarray,
    balance: np.ndarray,
    rng: np.random.Generator,
) -> list[str]:
    """Whole percents of up to five funds a person, raked until the funds hold their shares of all
    balances."""
    weight = pd.DataFrame(0.0, range(len(balance)), share.index)
    for i in range(len(balance)):
        if automatic[i]:
            weight.loc[i, default] = 1.0
            continue
        some = rng.choice(
            len(share),
            min(1 + rng.poisson(2.2), 5, len(share)),
            replace=False,
            p=share / share.sum(),
        )
        weight.loc[i, share.index[some]] = rng.dirichlet(np.full(len(some), 2.0))
    directed = int(np.where(automatic, 0, balance).argmax())
    weight.loc[directed, weight.columns[weight.sum() == 0]] = 0.05  # no fund without a holder
    dollars = weight.mul(balance, axis=0)
    for _ in range(200):  # iterative proportional fitting
        dollars = dollars * (share * balance.sum() / dollars.sum())
        dollars = dollars.mul(balance / dollars.sum(axis=1), axis=0)
    percent = (100 * dollars.div(balance, axis=0)).round().astype(int)
    largest = percent.to_numpy().argmax(axis=1)
    fixed = percent.to_numpy().copy()
    fixed[np.arange(len(fixed)), largest] += 100 - fixed.sum(axis=1)
    return [
        "; ".join(f"{fund} {p}" for fund, p in zip(share.index, row, strict=True) if p)
        for row in fixed
    ]


def told(people: pd.DataFrame) -> pd.DataFrame:
    """With what `TOLD` says of single people, and a spouse's columns."""
    people = people.set_index("participant")
    for column in ("spouse_pay", "spouse_birth_year"):
        empty = pd.array([pd.NA] * len(people), dtype="Int64")
        people.insert(people.columns.get_loc("other_income") + 1, column, empty)
    for who, row in TOLD.items():
        for column, value in row.items():
            people.loc[who, column] = value
    people = people.reset_index()
    return people[["origin", "participant", *people.columns.drop(["origin", "participant"])]]


def text(folder: Path) -> str:
    people = participants(folder, *FOLDERS[folder])
    if folder.name == "awkward":
        people = told(people)
    return people.to_csv(index=False, lineterminator="\n")


if __name__ == "__main__":
    for folder in FOLDERS:
        (folder / "participants.csv").write_text(text(folder), encoding="utf-8")
        print(f"wrote {(folder / 'participants.csv').relative_to(ROOT)}")
