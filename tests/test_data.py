"""Every number in data/ agrees with its source entry and with the other numbers; every check of the
reader can fail."""

import hashlib
import shutil
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan
from portlib.data import DataError

EQUITY = ["us_large_equity", "us_small_equity", "intl_dev_equity", "em_equity", "us_reits"]
BONDS = ["us_core_bonds", "us_long_bonds", "us_high_yield", "us_tips"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of data/ that a test may damage."""
    copy = tmp_path / "data"
    shutil.copytree(data.ROOT, copy)
    monkeypatch.setattr(data, "ROOT", copy)
    return copy


def edit(path: Path, old: str, new: str, *, rehash: bool = False) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")
    if rehash:
        root = next(parent for parent in path.parents if (parent / "sources.yml").exists())
        edit(root / "sources.yml", before, hashlib.sha256(path.read_bytes()).hexdigest())


# ---- the reader ----------------------------------------------------------------------------------


def test_every_source_can_be_read_and_says_what_it_is():
    sources = data.sources()
    for name, row in sources.iterrows():
        if row.file.endswith(".csv"):
            assert len(data.table(name)) > 0
        elif row.file.endswith(".yml"):
            assert data.document(name)
    assert (
        sources[["title", "publisher", "date", "unit", "confidence", "checked", "sha256"]]
        .notna()
        .all(axis=None)
    )
    assert (sources.unit != "").all()
    assert sources.url.dropna().str.startswith("http").all()


def test_tables_are_copies_and_documents_cannot_be_changed():
    table = data.table("horizon_2025_assets")
    table.loc["cash", "volatility"] = 9.0
    with pytest.raises(AttributeError):
        data.document("regulatory_status")["rules"].clear()
    history = data.history()
    history.iloc[0, 0] = 9.0
    assert data.table("horizon_2025_assets").loc["cash", "volatility"] < 1
    assert data.document("regulatory_status")["rules"]
    assert data.history().iloc[0, 0] < 1


@pytest.mark.parametrize(
    ("file", "old", "new", "rehash", "message"),
    [
        (
            "life_table_2023.csv",
            "79084",
            "79085",
            False,
            r"life_table_2023.csv: SHA-256 is \w+, not \w+ as in",
        ),
        (
            "life_table_2023.csv",
            "male_survivors",
            "survivors",
            True,
            "life_table_2023.csv: columns differ.*survivors",
        ),
        (
            "life_table_2023.csv",
            "0.016455",
            "1.6455",
            True,
            "column 'male_death_probability', line 67: .*1.6455",
        ),
        (
            "life_table_2023.csv",
            "0.016455",
            "rare",
            True,
            "column 'male_death_probability', line 67: .*'rare'",
        ),
        (
            "life_table_2023.csv",
            "\n65,",
            "\n64,",
            True,
            "line 67: .'age'. does not identify one row",
        ),
        (
            "vanguard_10y.csv",
            ",high\n",
            ",certain\n",
            True,
            "column 'confidence', line 2: 'certain'",
        ),
        ("fund_fees.csv", "0.0026", "0.26", True, "fund_fees.csv: column 'expense_ratio', line 2"),
    ],
)
def test_a_damaged_table_is_refused_by_name(folder, file, old, new, rehash, message):
    edit(folder / file, old, new, rehash=rehash)
    with pytest.raises(DataError, match=message):
        data.table(Path(file).stem)


def test_a_damaged_document_is_refused_by_name(folder):
    edit(folder / "regulatory_status.yml", "\nrules:", "\nlabels:", rehash=True)
    with pytest.raises(DataError, match=r"regulatory_status.yml: keys differ.*labels.*rules"):
        data.document("regulatory_status")


def test_a_file_without_source_and_a_source_without_file_are_refused(folder):
    (folder / "stray.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"stray.csv: no source is recorded"):
        data.table("fund_fees")
    (folder / "stray.csv").unlink()
    (folder / "fund_fees.csv").unlink()
    with pytest.raises(DataError, match=r"fund_fees.csv: cannot be read"):
        data.table("fund_fees")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  publisher: The Vanguard Group, Inc.\n", "", "vanguard_10y lacks publisher"),
        ("  confidence: medium\n", "  confidence: sure\n", "vanguard_10y: 'sure'"),
        (
            "    return_low: decimal per year\n",
            "    return_low: percent\n",
            "vanguard_10y: 'percent'",
        ),
        ("vanguard_10y:\n", "vanguard_10y: [\n", "sources.yml: is not YAML"),
    ],
)
def test_a_damaged_register_of_sources_is_refused(folder, old, new, message):
    edit(folder / "sources.yml", old, new)
    with pytest.raises(DataError, match=message):
        data.sources()


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(DataError, match=r"did you mean .*horizon_2025_assets"):
        data.table("horizon_assets")
    with pytest.raises(DataError, match=r"no .yml file 'fund_fees'"):
        data.document("fund_fees")


def test_fingerprint_follows_every_file_and_nothing_else(folder):
    before = data.fingerprint()
    (folder / "README.md").write_text("other words")
    assert data.fingerprint() == before
    prints = {before}
    for file in ("policy.yml", "sources.yml", "plan/lineup.csv"):
        with (folder / file).open("a") as stream:
            stream.write("\n")
        prints.add(data.fingerprint())
    assert len(prints) == 4
    assert data.fingerprint(folder / "plan") == data.fingerprint()
    assert data.fingerprint(folder) != data.fingerprint()


def test_importing_the_reader_loads_no_data_package():
    code = (
        "import sys, portlib.data; sys.exit(bool({'arch', 'linearmodels', 'statsmodels'} & "
        "set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- identities between the numbers --------------------------------------------------------------


@pytest.mark.parametrize(("years", "bound"), [("10y", 0.00165), ("20y", 0.0012)])
def test_survey_arithmetic_is_geometric_plus_half_the_variance(years, bound):
    survey = data.table("horizon_2025_assets")
    gap = survey[f"arithmetic_{years}"] - survey[f"geometric_{years}"] - survey.volatility**2 / 2
    assert gap.abs().max() < bound
    # What a swap of two rows' volatilities would show: the identity distinguishes the rows.
    assert (survey[f"arithmetic_{years}"] - survey[f"geometric_{years}"]).corr(
        survey.volatility**2
    ) > 0.98


def test_survey_correlations_are_a_correlation_matrix_of_the_same_classes():
    rho = data.table("horizon_2025_correlations")
    classes = data.table("horizon_2025_assets").index.drop("inflation")
    assert list(rho.index) == list(rho.columns) == list(classes)
    assert (rho == rho.T).all(axis=None)
    assert (np.diag(rho) == 1).all()
    assert np.linalg.eigvalsh(rho)[0] == pytest.approx(0.086, abs=5e-4)


def test_provider_ranges_are_as_wide_as_the_model_states():
    vcmm = data.table("vanguard_10y")
    width = (vcmm.return_high - vcmm.return_low).round(6)
    risky = vcmm.asset.str.endswith("equity") | vcmm.asset.isin(["us_reits", "commodities"])
    assert (width[risky] == 0.02).all() and (width[~risky] == 0.01).all()
    assert (
        vcmm.confidence
        == vcmm.run.isin(["2025-04-30", "2025-05-31"]).map({True: "high", False: "medium"})
    ).all()


def test_of_each_provider_there_are_single_figures_and_no_table():
    table = data.table("provider_assumptions_2026")
    figures = table[["geometric", "arithmetic", "real", "volatility"]].notna().sum(axis=1)
    assert figures.groupby(table["provider"]).sum().max() <= 12


def test_calendar_years_give_the_published_worked_example():
    years = data.table("calendar_year_returns")
    assert list(years.index) == list(range(1980, 2018))
    # Printed: 100% S&P 500 has volatility 16.22%; 19/5/1/75% has return 9.13% and Sharpe ratio
    # 0.9044 over 2.83%.
    assert years.us_large_equity.std(ddof=0) == pytest.approx(0.1622, abs=5e-5)
    w = np.array([0.19, 0.05, 0.01, 0.75])
    mean, risk = years.mean() @ w, np.sqrt(w @ years.cov(ddof=0) @ w)
    assert mean == pytest.approx(0.0913, abs=5e-4)  # weights are printed to a percent
    assert (mean - 0.0283) / risk == pytest.approx(0.9044, abs=5e-4)


def test_stress_windows_agree_with_the_monthly_history():
    windows, history = data.table("stress_windows"), data.history()
    compared = 0
    for row in windows.itertuples():
        months = history.loc[row.start : row.end]
        assert len(pd.period_range(row.start, row.end, freq="M")) == row.months
        if len(months) == row.months:
            compared += 1
            grown = (1 + months).prod() - 1
            assert grown["us_market"] == pytest.approx(
                row.us_market, abs=4e-4 * row.months
            )  # vintages
            assert grown["bills"] == pytest.approx(row.cash, abs=1e-4 * row.months)
    assert compared == 12
    assert windows.loc["inflation_1977_1981", "us_10y_yield_change"] == pytest.approx(0.0845)


@pytest.mark.parametrize("sex", ["male", "female"])
def test_life_table_survivors_and_expectancies_follow_from_the_death_probabilities(sex):
    life = data.table("life_table_2023")
    assert list(life.index) == list(range(120))
    q = life[f"{sex}_death_probability"].to_numpy()
    alive = 100_000 * np.r_[1, np.cumprod(1 - q)[:-1]]
    assert np.abs(alive - life[f"{sex}_survivors"]).max() <= 0.5
    expectancy = np.array([alive[age + 1 :].sum() / alive[age] + 0.5 for age in range(100)])
    assert np.abs(expectancy - life[f"{sex}_life_expectancy"][:100]).max() < 0.0051


def test_uniform_lifetime_table_falls_with_age_and_starts_as_printed():
    table = data.table("uniform_lifetime_table").distribution_period
    assert list(table.index) == list(range(72, 121))
    assert (table.diff().dropna() < 0).all()
    assert (table[72], table[90], table[120]) == (27.4, 12.2, 2.0)


@pytest.mark.parametrize("name", ["income_tax_brackets", "capital_gains_brackets"])
def test_brackets_are_contiguous_and_progressive(name):
    for _, brackets in data.table(name).groupby(["year", "filing_status"]):
        assert brackets.income_from.iloc[0] == 0
        assert (
            brackets.income_from.iloc[1:].to_numpy() == brackets.income_to.iloc[:-1].to_numpy()
        ).all()
        assert (
            brackets.rate.is_monotonic_increasing and brackets.income_from.is_monotonic_increasing
        )
        assert brackets.income_to.isna().tolist() == [False] * (len(brackets) - 1) + [True]


def test_brackets_of_filing_statuses_are_related_as_the_code_relates_them():
    for name in ("income_tax_brackets", "capital_gains_brackets"):
        bounds = data.table(name).pivot(
            index=["year", "rate"], columns="filing_status", values="income_from"
        )
        below_top = bounds[
            bounds.index.get_level_values("rate") != bounds.index.get_level_values("rate").max()
        ]
        if name == "income_tax_brackets":
            assert (below_top.married_joint == 2 * below_top.single).all()
        assert (bounds.married_joint - 2 * bounds.married_separate).abs().max() <= 50


@pytest.mark.parametrize(
    ("year", "published"),
    # Rev. Proc. 2023-34 and 2024-40, section on tax rate tables, unmarried: the tax at each lower
    # bound.
    [
        (2024, [1160, 5426, 17168.50, 39110.50, 55678.50, 183647.25]),
        (2025, [1192.50, 5578.50, 17651, 40199, 57231, 188769.75]),
    ],
)
def test_brackets_give_the_tax_that_the_revenue_procedure_prints(year, published):
    table = data.table("income_tax_brackets")
    single = table[(table.year == year) & (table.filing_status == "single")]
    tax = (single.rate * (single.income_to - single.income_from)).cumsum().dropna()
    assert tax.tolist() == pytest.approx(published, abs=0.005)


def test_limits_obey_the_rules_that_tie_them_together():
    limits = data.document("retirement_limits")
    caps = limits["limits"]
    for year in (2025, 2026):
        # IRC 414(v)(2)(E): 150% of the catch-up of 2024, indexed.
        assert caps["catch_up_ages_60_to_63"][year] >= 1.5 * caps["catch_up_age_50"][2024]
        assert (
            caps["elective_deferral"][year]
            < caps["annual_additions"][year]
            < caps["compensation"][year]
        )
    # Both bend points come from one wage index, each rounded to a dollar.
    formula = limits["social_security"]["bend_point_formula"]
    for points in limits["social_security"]["bend_points_monthly"].values():
        wage = formula["base_wage_index"] / np.array(formula["base_points"])
        assert ((np.array(points) - 0.5) * wage).max() < ((np.array(points) + 0.5) * wage).min()
    # What 2027 has is one average wage index (42 USC 430, 403): base and earnings tests move with
    # it, rounded down.
    social, wage_index_2023 = limits["social_security"], 66_621.80
    growth = social["wage_base"][2027] / social["wage_base"][2025]
    assert social["earnings_test"][2027]["under_full_retirement_age"] == pytest.approx(
        23_400 * growth, abs=120
    )
    assert 72_743 <= growth * wage_index_2023 <= 72_836
    for year, deduction in limits["standard_deduction"].items():
        if isinstance(year, int):
            assert (
                deduction["married_joint"]
                == 2 * deduction["single"]
                == 2 * deduction["married_separate"]
            )
            assert deduction["head_of_household"] == pytest.approx(
                1.5 * deduction["single"], abs=25
            )
    ages = limits["required_minimum_distributions"]["start_age"]
    for earlier, later in pairwise(ages):
        assert (later["born_from"] - earlier["born_to"]).days == 1
    # What is unknown is named as the readers name it, and has no figure.
    unknown = {*limits["unknown"][2027]} - {"income_tax_brackets", "capital_gains_brackets"}
    for name in unknown:
        entry = caps.get(name) or limits.get(name) or social[name]
        assert 2026 in entry and 2027 not in entry
    assert set(caps) - {"confidence", "source"} <= unknown


def test_lineup_is_synthetic_complete_and_calibrated_to_published_costs():
    example = plan.read(data.ROOT / "plan")
    assert example.origin == "SYNTHETIC" and example.vintages is not None
    assert example.vintages[EQUITY].sum(axis=1).to_numpy() == pytest.approx(
        example.vintages.equity, abs=1e-12
    )
    funds = example.funds.join(example.exposures)[example.funds["kind"] == "core"]
    fees = data.table("fund_fees")
    published = (
        fees[(fees.year == 2024) & fees.group.str.startswith("plan")]
        .set_index("group")
        .expense_ratio
    )
    for classes, group in ((EQUITY, "plan_equity_funds"), (BONDS, "plan_bond_funds")):
        chosen = funds[funds[classes].sum(axis=1) > 0.5]
        cost = np.average(chosen.expense_ratio, weights=chosen.plan_share)
        assert cost == pytest.approx(published[group], abs=1e-4)  # printed to a basis point


def test_asset_names_are_the_same_in_all_files():
    survey = set(data.table("horizon_2025_assets").index)
    liquid = {*EQUITY, *BONDS, "cash"}
    assert liquid - survey == {"us_reits"}  # the survey's real estate is not listed
    assert liquid <= set(data.table("vanguard_10y").asset) | {"us_long_bonds"}
    assert set(data.table("calendar_year_returns").columns) < liquid


def test_published_glidepaths_fall_and_what_nobody_checked_says_so():
    paths = data.table("published_glidepaths")
    assert (paths.confidence.eq("unverified") == paths.status.str.startswith("unverified")).all()
    for _, design in paths.groupby(["provider", "design"]):
        by_years = design.sort_values("years_to_retirement").equity
        assert by_years.is_monotonic_increasing


def test_law_says_when_it_was_checked_and_what_was_read():
    status = data.document("regulatory_status")
    rules, changes = status["rules"].values(), status["changes"].values()
    for rule in rules:
        assert rule["confidence"] == "unverified" or rule["confidence"].startswith("original read")
    assert all(isinstance(entry["checked"], date) for entry in (*rules, *changes))
    assert all(change["read"] for change in changes)
    assert all(change["url"] or change["confidence"] == "low" for change in changes)


# ---- what is covered -----------------------------------------------------------------------------


def test_a_byte_of_any_file_of_facts_is_noticed(tmp_path):
    """Every source with a file: the hash is over all of it, its first byte and its last."""
    listed = data.sources()
    for name, row in listed.iterrows():
        path = data.ROOT / row["file"]
        if not path.is_file():  # of a package
            continue
        data.checksum(path, row["sha256"])
        content = path.read_bytes()
        for changed in (
            bytes([content[0] ^ 1]) + content[1:],
            content[:-1] + bytes([content[-1] ^ 1]),
            content[:-1],
            content + b"\n",
        ):
            (tmp_path / path.name).write_bytes(changed)
            with pytest.raises(DataError, match="SHA-256 is"):
                data.checksum(tmp_path / path.name, row["sha256"])
        with pytest.raises(DataError, match="SHA-256 is"):
            data.checksum(path, row["sha256"][:-1])
        assert name


@pytest.mark.parametrize("unit", [unit for unit, bounds in data.UNITS.items() if bounds])
def test_a_value_at_either_end_of_its_unit_is_read_and_one_beyond_is_not(unit):
    low, high = data.UNITS[unit]
    step = 1e-9 * max(abs(low), abs(high))
    frame = pd.DataFrame({"at": [1, 2, 3], "value": [low, np.nan, high]})
    assert data.checked(frame, {"value": unit}, ["at"], "x.csv") is frame
    for wrong in (low - step, high + step):
        with pytest.raises(DataError, match=r"x\.csv: column 'value', line 3: .* is no"):
            data.checked(frame.assign(value=[low, wrong, high]), {"value": unit}, ["at"], "x.csv")
    for key in ([1, 1, 2], [1, np.nan, 2]):
        with pytest.raises(DataError, match="does not identify one row"):
            data.checked(frame.assign(at=key), {"value": unit}, ["at"], "x.csv")


def test_the_fingerprint_is_of_every_file_of_facts_and_of_the_plan(tmp_path, monkeypatch):
    """Each file changed, added and gone, in a small folder of facts."""
    facts, own = tmp_path / "data", tmp_path / "mine"
    for folder in (facts, own):
        folder.mkdir()
        for name in ("a.csv", "b.yml", "z.csv"):
            (folder / name).write_text("1")
    monkeypatch.setattr(data, "ROOT", facts)
    monkeypatch.setattr("portlib.history.folder", lambda: None)
    found, count = {data.fingerprint(own)}, 1
    for folder in (facts, own):
        for name in ("a.csv", "b.yml", "z.csv", "new.csv"):
            path = folder / name
            kept = path.read_text() if path.exists() else None
            path.write_text("2")
            found.add(data.fingerprint(own))
            path.unlink()
            if kept is not None:
                found.add(data.fingerprint(own))
                path.write_text(kept)
            count += 1 + (kept is not None)
    assert len(found) == count
    (facts / "a.csv").write_text("2"), (facts / "z.csv").write_text("2")
    assert data.fingerprint(own) not in found
