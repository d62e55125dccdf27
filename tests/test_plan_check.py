"""A whole folder read at once: what to mend, what to know, and what each chapter has."""

import re
import shutil
import subprocess
import sys
from datetime import date, timedelta

import pytest

from portlib import plan_check, plan_template, standing
from portlib.__main__ import main
from portlib.data import DataError
from portlib.retirement import glidepaths
from portlib.tables import Findings


@pytest.fixture
def folder(tmp_path):
    plan_template.write(tmp_path / "mine")
    return tmp_path / "mine"


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_everything_to_mend_is_said_at_once_with_file_and_line(folder):
    for name in ("assumptions.csv", "correlations.csv", "classes.yml", "trades.csv"):
        shutil.copy(folder / "optional" / name, folder)
    edit(folder / "rules.yml", "automatic: 0.06", "automatic: 6")
    edit(folder / "lineup.csv", "index,collective_trust", "passive,collective_trust")
    edit(folder / "lineup.csv", ",target_date,", ",target date,")
    edit(folder / "participants.csv", "married_joint", "married")
    edit(folder / "participants.csv", "P02,1991", "P02,1991.5")
    edit(folder / "assumptions.csv", "16%", "16")
    edit(folder / "trades.csv", "31.20", "dear")
    report = plan_check.check(folder)
    assert report.plan is None
    said = "\n".join(map(str, report.refused))
    for message in (
        "rules.yml: contributions.automatic: 6 is not a number .*percent",
        "lineup.csv: line 2: management 'passive' is none of .*; did you mean 'index'",
        "lineup.csv: line 8: kind 'target date' is none of .*; did you mean 'target_date'",
        "participants.csv: line 3: filing_status 'married' is none of .*'married_joint'",
        "assumptions.csv: line 2: volatility '16' is not between 0 and 1; in percent",
        "trades.csv: line 2: decision_price 'dear' is not a number",
    ):
        assert re.search(message, said), f"{message}\nnot in\n{said}"
    assert "not accepted yet" in str(report)
    assert report.inputs().loc["trades and their prices", "status"] == "brought, see above"


def test_what_a_row_breaks_is_said_beside_what_others_do(folder):
    for name in ("assumptions.csv", "correlations.csv", "classes.yml"):
        shutil.copy(folder / "optional" / name, folder)
    edit(folder / "rules.yml", "roth: true", "roth: perhaps")
    edit(folder / "lineup.csv", ",0.03,0,1,", ",0.03,0,0.9,")
    edit(folder / "lineup.csv", "index,collective_trust", "passive,collective_trust")
    edit(folder / "participants.csv", "married_joint", "married")
    edit(folder / "participants.csv", "TARGET 100", "TARGET 90")
    edit(folder / "correlations.csv", "1.0,0.7", "1.0,1.7")
    text = (folder / "assumptions.csv").read_text()
    kept = [line for line in text.splitlines() if not line.startswith("cash")]
    (folder / "assumptions.csv").write_text("\n".join(kept))
    said = "\n".join(map(str, plan_check.check(folder).refused))
    for message in (
        "rules.yml: contributions.roth",
        "lineup.csv: line 3: fund 'SMALL' holds classes that do not sum to one",
        "lineup.csv: line 2: management 'passive'",
        "participants.csv: line 2: holdings 'TARGET 90' does not sum to 100",
        "participants.csv: line 3: filing_status 'married'",
        "correlations.csv: us_large_equity, us_small_equity: 1.7",
        "assumptions.csv: needs a class of the role cash",
    ):
        assert message in said, message
    assert said.count("lineup.csv") == 2 and said.count("participants.csv") == 2


def test_a_class_that_is_refused_stops_nothing_else(folder):
    shutil.copy(folder / "optional" / "classes.yml", folder)
    edit(folder / "classes.yml", "role: real", "role: reel")
    edit(folder / "classes.yml", "survey: real_estate", "inflation_linked: 1")
    said = "\n".join(map(str, plan_check.check(folder).refused))
    assert "role 'reel' is none of" in said and "did you mean 'real'" in said
    assert "inflation_linked is true or false, not 1" in said


def test_holdings_later_than_the_plans_day_are_a_finding(folder):
    for name in ("fund_holdings.csv", "securities.csv", "history.csv", "classes.yml"):
        shutil.copy(folder / "optional" / name, folder)
    edit(folder / "rules.yml", "as_of: 2026-06-30", "as_of: 2026-04-30")
    report = plan_check.check(folder)
    assert any("later than as_of 2026-04-30" in str(one) for one in report.refused)
    assert any("the later months are used too" in str(one) for one in report.noted)


def test_what_is_worth_knowing_is_noted(folder):
    for name in ("fund_returns.csv", "fund_holdings.csv", "securities.csv", "history.csv"):
        shutil.copy(folder / "optional" / name, folder)
    shutil.copy(folder / "optional" / "account_holdings.csv", folder)
    shutil.copy(folder / "optional" / "valuations.csv", folder / "valuation.csv")
    edit(folder / "rules.yml", "as_of: 2026-06-30", "as_of: 2027-01-31")
    report = plan_check.check(folder)
    assert report.plan is not None
    said = "\n".join(map(str, report.noted))
    for message in (
        "8 people: what is computed from all of them",
        "SMALL has 48 months; style analysis asks for 60",
        "fund_returns.csv: has no REAL, MONEY, TARGET: their months are SYNTHETIC",
        r"SMALL: 10.0% has no class; .* Unknown Corp 8.0%",
        "fund_holdings.csv: is of 2026-05-31, 245 days before 2027-01-31",
        r"history.csv: has no us_small_equity, .*: our series stand in",
        r"account_holdings.csv: on 2026-06-30 63.7% were in LARGE, in participants.csv 24.7%",
        "valuation.csv: is not read: .*; did you mean 'valuations.csv'",
    ):
        assert re.search(message, said), f"{message}\nnot in\n{said}"


def test_an_engine_that_keeps_to_no_number_of_funds_is_noted(folder):
    entry = "optimizer: {value: %s, unit: one, reason: test, approver: a, date: 2026-06-30}"
    for engine, notes in (("RESAMPLED", 1), ("MARKOWITZ", 0)):
        (folder / "policy.yml").write_text(entry % engine, encoding="utf-8")
        noted = "\n".join(map(str, plan_check.check(folder).noted))
        assert (
            noted.count(f"weights of {engine} (policy: optimizer) are taken as they come") == notes
        )


def test_a_plan_of_couples_has_a_glidepath(folder):
    people = (folder / "participants.csv").read_text(encoding="utf-8").splitlines()
    married = [line + (",1990" if "married" in line else ",") for line in people[1:]]
    text = "\n".join([people[0] + ",spouse_birth_year", *married])
    (folder / "participants.csv").write_text(text, encoding="utf-8")
    plan = plan_check.check(folder).plan
    found = glidepaths.custom(plan, paths=8, households=4)
    assert 0.2 <= found.path.equity_at(0.0) <= 0.9


def test_each_chapter_is_told_what_it_has(folder):
    shutil.copy(folder / "optional" / "trades.csv", folder)
    report = plan_check.check(folder)
    assert set(report.chapters()) == set(standing.CHAPTERS)
    assert "own: trades and their prices" in report.chapters()["monitoring"]
    assert "SYNTHETIC: menu and people" in report.chapters()["monitoring"]
    assert report.as_read == {"trades.csv": "as read: 2 trades"}


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        plan_check.check(tmp_path / "nowhere")


def test_the_shell_makes_and_checks_a_folder(tmp_path, capsys):
    assert main(["new", str(tmp_path / "mine")]) == 0
    assert main(["check", str(tmp_path / "mine")]) == 0
    said = capsys.readouterr().out
    assert "accepted" in said and "What each chapter has" in said
    assert main(["new", str(tmp_path / "mine")]) == 1
    assert "not empty" in capsys.readouterr().err
    edit(tmp_path / "mine" / "rules.yml", "as_of: 2026-06-30", "as_of: 2026-02-30")
    assert main(["check", str(tmp_path / "mine")]) == 1
    assert "To mend (1)" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "nowhere")]) == 1


def test_a_full_page_of_findings_fits_in_one_call(folder):
    run = subprocess.run(
        [sys.executable, "-m", "portlib", "check", str(folder)], capture_output=True, text=True
    )
    assert run.returncode == 0 and run.stderr == ""


def test_funds_that_refused_rules_name_are_said_in_the_same_go(folder):
    edit(folder / "rules.yml", "legal_regime: ERISA", "legal_regime: erisa")
    edit(folder / "rules.yml", "default: TARGET", "default: TARGT")
    edit(folder / "rules.yml", "{INTL: 30}", "{INTX: 30}")
    said = "\n".join(map(str, plan_check.check(folder).refused))
    assert "legal_regime: 'erisa' is not one of" in said
    assert "default: 'TARGT' is no fund of the lineup" in said
    assert "trading.round_trip_days: 'INTX' is no fund of the lineup" in said


def test_a_series_that_no_record_holds_is_refused(folder):
    text = "farm:\n  label: Farm\n  role: real\n  survey: real_estate\n  history: {}\n"
    (folder / "classes.yml").write_text(text.format("tsp_cc"), encoding="utf-8")
    report = plan_check.check(folder)
    assert report.plan is None
    assert "farm: history 'tsp_cc' is no series; did you mean 'tsp_c'?" in str(report)
    (folder / "classes.yml").write_text(text.format("tsp_c"), encoding="utf-8")
    assert plan_check.check(folder).plan is not None


def test_a_month_that_looks_like_a_split_is_noted_and_an_option_has_a_place(folder):
    months = "Month,LARGE\n2026-01,1.0%\n2026-02,-50.2%\n2026-03,0.4%\n"
    (folder / "fund_returns.csv").write_text(months, encoding="utf-8")
    said = "\n".join(map(str, plan_check.check(folder).noted))
    assert "LARGE lost 50% in 2026-02: a fact, or a split of its shares?" in said
    (folder / "fund_returns.csv").write_text(
        "Month,LARGE\n" + "".join(f"2026-0{m},{m}.5\n" for m in range(1, 7)), encoding="utf-8"
    )
    assert "is said in reading.yml, by file" in str(plan_check.check(folder))


def test_check_says_which_postures_the_mandate_leaves_no_portfolio(folder, capsys):
    limit = "{name: low, kind: role_limit, role: equity, upper: 0.3, clause: IPS 4}"
    (folder / "mandate.yml").write_text(f"constraints:\n  - {limit}\n", encoding="utf-8")
    assert main(["check", str(folder)]) == 0
    said = capsys.readouterr().out.split("What mandate.yml leaves, by posture")[1]
    assert "conservative: portfolios obey it" in said
    assert re.search("aggressive: no portfolio obeys .*'low'", said)


def test_what_is_as_old_as_it_may_be_is_not_noted_and_a_day_older_is():
    for days, noted in ((0, 0), (90, 0), (91, 1)):
        found = Findings()
        plan_check._aged("x.csv", date(2026, 6, 30) - timedelta(days), date(2026, 6, 30), 90, found)
        assert len(found) == noted
        assert all(f"{days} days before 2026-06-30" in str(one) for one in found)


@pytest.mark.parametrize(("worst", "noted"), [("-40.0%", False), ("-40.1%", True)])
def test_a_fall_that_is_noted_is_beyond_two_fifths_in_any_month_of_any_fund(folder, worst, noted):
    months = f"Month,LARGE,SMALL\n2026-01,1.0%,2%\n2026-02,3%,0%\n2026-03,0.4%,{worst}\n"
    (folder / "fund_returns.csv").write_text(months, encoding="utf-8")
    said = "\n".join(map(str, plan_check.check(folder).noted))
    assert ("SMALL lost 40% in 2026-03" in said) == noted
    assert "LARGE lost" not in said
