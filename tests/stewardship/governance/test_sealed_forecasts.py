"""A seal holds against every change that was tried, and a score is what loops say."""

import json
import sqlite3
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from portlib.records import Assumptions
from portlib.stewardship.audit_log import AuditError, AuditLog, ChainBroken
from portlib.stewardship.governance import sealed_forecasts as seals
from portlib.stewardship.governance import signatures

PLAN = "ab" * 32
AT = datetime(2020, 3, 14, 9, tzinfo=UTC)
KEYS = signatures.demonstration_keys(["analyst", "stranger"], np.random.default_rng(5))
ROSTER = {"analyst": signatures.address(KEYS["analyst"])}
BELIEFS = Assumptions(
    ("stocks", "bonds"), [0.07, 0.03], [[0.0256, 0.001], [0.001, 0.0025]], rf=0.02, source="a house"
)


def content(**changes):
    mine = seals.expected(BELIEFS, {"stocks": 0.6, "bonds": 0.4})
    half = seals.expected(BELIEFS, {"stocks": 0.5, "bonds": 0.5})
    return seals.statement(BELIEFS, {"ours": mine}, {"half": half}, 10) | changes


def sealed_log(**changes):
    log = AuditLog()
    seals.seal(log, content(**changes), KEYS["analyst"], role="analyst", plan=PLAN, at=AT)
    return log


@pytest.fixture
def returns():
    months = pd.date_range("2020-01-31", periods=40, freq="ME")
    draws = np.random.default_rng(6).normal([0.006, 0.002], [0.04, 0.01], (40, 2))
    return pd.DataFrame(draws, index=months, columns=["stocks", "bonds"])


def test_the_same_statement_is_sealed_once():
    log = sealed_log()
    again = seals.seal(
        log,
        content(),
        KEYS["analyst"],
        role="analyst",
        plan=PLAN,
        at=datetime(2021, 1, 1, tzinfo=UTC),
    )
    assert (again.number, again.at) == (1, AT)
    seals.seal(log, content(rf=0.01), KEYS["analyst"], role="analyst", plan=PLAN, at=AT)
    assert len(seals.sealed(log, ROSTER, plan=PLAN)) == 2


def test_scores_count_from_the_first_whole_month_after_the_seal(returns):
    table = seals.score(sealed_log(), returns, ROSTER, plan=PLAN).set_index("name")
    since = returns.loc["2020-04":]
    assert (table["months"] == len(since)).all()
    wealth = 1.0
    for _, row in since.iterrows():
        wealth *= 1 + 0.6 * row["stocks"] + 0.4 * row["bonds"]
    assert table.loc["ours", "came"] == pytest.approx(wealth ** (12 / len(since)) - 1, abs=1e-12)
    risk = np.sqrt(0.36 * 0.0256 + 0.16 * 0.0025 + 2 * 0.24 * 0.001)
    # the median of a lognormal year: mean 1.054 over the root of 1 + (risk / 1.054)^2
    believed = 1.054 / np.sqrt(1 + (risk / 1.054) ** 2) - 1
    assert table.loc["ours", "expected"] == pytest.approx(believed, abs=1e-12)
    z = (table.loc["ours", "came"] - believed) / (risk / np.sqrt(len(since) / 12))
    assert table.loc["ours", "z"] == pytest.approx(z)
    assert list(table["what"]) == ["class", "class", "portfolio", "rival"]


def test_what_came_before_the_seal_and_what_has_no_returns_is_not_scored(returns):
    early = seals.score(sealed_log(), returns.loc[:"2020-03"], ROSTER, plan=PLAN)
    assert (early["months"] == 0).all()
    assert early["came"].isna().all()
    partly = seals.score(sealed_log(), returns[["stocks"]], ROSTER, plan=PLAN).set_index("name")
    assert partly["came"].notna().to_dict() == {
        "stocks": True,
        "bonds": False,
        "ours": False,
        "half": False,
    }


def test_z_scores_are_standard_when_the_beliefs_are_right():
    months, names = (
        pd.date_range("2020-04-30", periods=120, freq="ME"),
        [f"{n}" for n in range(300)],
    )
    sigma = 0.0256 * np.eye(300)
    beliefs = Assumptions(tuple(names), np.full(300, 0.07), sigma, rf=0.02, source="a house")
    mine = seals.expected(beliefs, {"0": 1.0})
    sealed, log = seals.statement(beliefs, {"ours": mine}, {"another": mine}, 10), AuditLog()
    seals.seal(log, sealed, KEYS["analyst"], role="analyst", plan=PLAN, at=AT)
    # months whose logarithms are normal, with the sealed mean and volatility of a year
    spread = np.log(1 + 0.0256 / 1.07**2)
    drawn = (np.log(1.07) - spread / 2) / 12, np.sqrt(spread / 12), (300, 120)
    growth = np.random.default_rng(7).normal(*drawn)
    paths = pd.DataFrame(np.expm1(growth).T, index=months, columns=names)
    found = seals.score(log, paths, ROSTER, plan=PLAN).set_index("name").loc[names, "z"]
    assert len(found) == 300
    assert np.mean(found) == pytest.approx(0.0, abs=4 / np.sqrt(300))
    assert np.std(found) == pytest.approx(1.0, abs=0.17)


def altered(log, change):
    """A copy of the log's one link with its body changed behind the log's back, digest mended."""
    from portlib.stewardship import audit_log

    text = json.loads(log.links[0].content)
    change(text["body"])
    link = audit_log.chain(audit_log.START, text)
    other = AuditLog()
    other.connection.execute(
        "INSERT INTO audit_log VALUES (?, ?, ?, ?, ?)",
        (link.number, link.previous, link.content, link.digest, None),
    )
    return other


def test_a_figure_improved_afterwards_is_found_even_when_the_chain_was_mended(returns):
    def improve(body):
        body["statement"]["mu"][0] = 0.12

    log = altered(sealed_log(), improve)
    log.verify()  # the chain by itself does not know
    with pytest.raises(AuditError, match="event 1: the statement is not the one that was signed"):
        seals.score(log, returns, ROSTER, plan=PLAN)

    def improve_and_hash(body):
        improve(body)
        body["fingerprint"] = seals.fingerprint(body["statement"])

    with pytest.raises(AuditError, match="event 1"):
        seals.score(altered(sealed_log(), improve_and_hash), returns, ROSTER, plan=PLAN)


def test_a_stranger_s_signature_another_plan_and_a_cut_log_are_refused(returns):
    log = AuditLog()
    seals.seal(log, content(), KEYS["stranger"], role="analyst", plan=PLAN, at=AT)
    with pytest.raises(signatures.WrongKey):
        seals.score(log, returns, ROSTER, plan=PLAN)
    with pytest.raises(signatures.Altered):
        seals.score(sealed_log(), returns, ROSTER, plan="cd" * 32)
    kept = sealed_log(rf=0.01).verify()
    with pytest.raises(ChainBroken, match="written anew"):
        seals.score(sealed_log(), returns, ROSTER, plan=PLAN, head=kept)


def test_the_log_itself_refuses_to_change_a_seal():
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sealed_log().connection.execute("UPDATE audit_log SET content = '{}'")


def test_a_forecast_that_is_back_dated_is_refused_by_the_log():
    log = sealed_log()
    with pytest.raises(AuditError, match="before event 1"):
        seals.seal(
            log,
            content(rf=0.01),
            KEYS["analyst"],
            role="analyst",
            plan=PLAN,
            at=datetime(2019, 1, 1, tzinfo=UTC),
        )


def test_a_statement_is_plain_data_and_drops_what_is_not_held():
    said = content()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    held = seals.statement(
        BELIEFS, {"x": seals.expected(BELIEFS, {"stocks": 1.0, "bonds": 0.0})}, {}, 10
    )
    assert held["portfolios"]["x"]["weights"] == {"stocks": 1.0}


def test_every_figure_of_a_belief_and_of_a_portfolio_is_sealed():
    said = content()
    half = seals.expected(BELIEFS, {"stocks": 0.5, "bonds": 0.5})
    ours = seals.expected(BELIEFS, {"stocks": 0.6, "bonds": 0.4})
    others = [
        seals.statement(BELIEFS, {"ours": ours}, {"half": half}, 11),
        seals.statement(BELIEFS, {"ours": ours}, {}, 10),
        seals.statement(BELIEFS, {"other": ours}, {"half": half}, 10),
    ]
    beliefs = [
        BELIEFS.replace(mu=[0.07, 0.031], source="a house"),
        BELIEFS.replace(sigma=BELIEFS.sigma * 1.01, source="a house"),
        BELIEFS.replace(rf=0.021, source="a house"),
        BELIEFS.replace(source="another house"),
    ]
    others += [seals.statement(one, {"ours": ours}, {"half": half}, 10) for one in beliefs]
    for name, value in (("mean", 0.06), ("risk", 0.2), ("weights", {"stocks": 1.0})):
        for portfolios, rivals in (
            ({"ours": {**ours, name: value}}, {"half": half}),
            ({"ours": ours}, {"half": {**half, name: value}}),
        ):
            others.append(seals.statement(BELIEFS, portfolios, rivals, 10))
    prints = {seals.fingerprint(one) for one in (said, *others)}
    assert len(prints) == 1 + len(others)


def test_seals_are_numbered_from_one_and_hold_for_a_day():
    log = sealed_log()
    seals.seal(log, content(rf=0.01), KEYS["analyst"], role="analyst", plan=PLAN, at=AT)
    said = [signatures.from_json(e.body["signed"]).message for e in log.events()]
    assert [message["nonce"] for message in said] == [1, 2]
    for message in said:
        assert message["validFrom"] == int(AT.timestamp())
        assert message["validUntil"] - message["validFrom"] == 24 * 3600


def test_a_seal_of_the_last_day_of_a_month_counts_from_the_next(returns):
    for day, first in ((31, "2020-04"), (1, "2020-04")):
        log = AuditLog()
        at = datetime(2020, 3, day, 23, tzinfo=UTC)
        seals.seal(log, content(), KEYS["analyst"], role="analyst", plan=PLAN, at=at)
        table = seals.score(log, returns, ROSTER, plan=PLAN)
        assert (table["months"] == len(returns.loc[first:])).all()
