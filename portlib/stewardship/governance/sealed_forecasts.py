"""What was expected before anyone knew, and what came?

A record of forecasts that is put together afterwards can leave out what failed. A seal cannot: the
assumptions and the portfolios of an edition are written down as plain data, hashed, signed by the
role that answers for them, and appended to the audit log with the day. Scoring reads the log alone.
It checks the chain, the hash and the signature first, and counts from the first whole month after
the seal:

    z = (what came - what was expected) / (volatility expected / sqrt(years))

is how surprising the outcome is to somebody who believed the sealed figures; the sealed means are
turned into compound ones for it.

Left out: who else keeps the head of the log. Until somebody does, whoever holds the file could
write all of it anew (see `audit_log`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from portlib.compounding import arithmetic_to_geometric
from portlib.estimation.forecast_record.outcomes import monthly
from portlib.estimation.forecast_record.published import first_month
from portlib.ranges import among
from portlib.records import Assumptions
from portlib.stewardship import audit_log
from portlib.stewardship.audit_log import AuditError, AuditLog, Event, Head
from portlib.stewardship.governance.signatures import from_json, sign, verify

SCHEMA = "prudent-by-construction/sealed-forecast/1"
#: The subject that the signature names.
SUBJECT = "sealed forecast"


def statement(
    assumptions: Assumptions,
    portfolios: Mapping[str, Mapping[str, Any]],
    rivals: Mapping[str, Mapping[str, Any]],
    horizon_years: float,
) -> dict[str, Any]:
    """What is sealed, as plain data.

    Parameters
    ----------
    assumptions : Assumptions
        Of the asset classes.
    portfolios, rivals : mapping of name to mapping
        Each with ``weights`` by class or fund, and ``mean`` (arithmetic) and ``risk`` as expected,
        annual decimals, net of the funds' expenses where the weights are of funds.
    horizon_years : float
        For which the assumptions are meant.

    Examples
    --------
    What is not held is left out of the weights, what is owed is not; nothing is reordered.

    >>> told = Assumptions(["b", "a"], [0.05, 0.03], [[0.04, 0.003], [0.003, 0.01]], 0.025, "ours")
    >>> ours = {"mix": {"weights": {"a": 0.8, "b": 0.4, "c": 0.0, "d": -0.2}}}
    >>> ours["mix"] |= {"mean": 0.038, "risk": 0.11}
    >>> said = statement(
    ...     told, ours, {"naive": {"weights": {"b": 1}, "mean": 0.05, "risk": 0.2}}, 7
    ... )
    >>> (
    ...     said["labels"],
    ...     said["mu"],
    ...     said["sigma"][0],
    ...     said["rf"],
    ...     said["horizon_years"],
    ...     said["source"],
    ... )
    (['b', 'a'], [0.05, 0.03], [0.04, 0.003], 0.025, 7, 'ours')
    >>> said["portfolios"]
    {'mix': {'weights': {'a': 0.8, 'b': 0.4, 'd': -0.2}, 'mean': 0.038, 'risk': 0.11}}
    >>> said["rivals"]
    {'naive': {'weights': {'b': 1.0}, 'mean': 0.05, 'risk': 0.2}}
    """
    return {
        "schema": SCHEMA,
        "source": assumptions.source,
        "horizon_years": horizon_years,
        "labels": list(assumptions.labels),
        "mu": assumptions.mu.tolist(),
        "sigma": assumptions.sigma.tolist(),
        "rf": assumptions.rf,
        "portfolios": {name: _plain(p) for name, p in portfolios.items()},
        "rivals": {name: _plain(p) for name, p in rivals.items()},
    }


def expected(assumptions: Assumptions, weights: Mapping[str, float]) -> dict[str, Any]:
    """A portfolio of the assumptions' classes with what they expect of it, for `statement`.

    Examples
    --------
    >>> told = Assumptions(["b", "a"], [0.05, 0.03], [[0.04, 0.003], [0.003, 0.01]])
    >>> found = expected(told, {"a": 0.6, "b": 0.4})
    >>> round(found["mean"], 9), round(found["risk"] ** 2, 9), found["weights"]
    (0.038, 0.01144, {'a': 0.6, 'b': 0.4})
    >>> # 0.4 * 0.05 + 0.6 * 0.03; 0.16 * 0.04 + 0.36 * 0.01 + 2 * 0.24 * 0.003
    >>> round(expected(told, {"a": 0.5})["mean"], 9)  # what is left earns nothing
    0.015
    >>> expected(told, {"a": 0.5, "gold": 0.2, "b": 0.3, "art": 0.0})
    Traceback (most recent call last):
    ...
    ValueError: the assumptions lack gold, which the portfolio holds
    """
    if strange := [name for name, x in weights.items() if x and name not in assumptions.labels]:
        raise ValueError(f"the assumptions lack {', '.join(strange)}, which the portfolio holds")
    w = np.array([weights.get(label, 0.0) for label in assumptions.labels])
    return {
        "weights": dict(weights),
        "mean": assumptions.mean_of(w),
        "risk": assumptions.risk_of(w),
    }


def fingerprint(content: Mapping[str, Any]) -> str:
    """SHA-256 of a statement in canonical form.

    Examples
    --------
    The order in which things were written down does not count; what they say does.

    >>> one = fingerprint({"mean": 0.05, "risk": 0.12})
    >>> one == fingerprint({"risk": 0.12, "mean": 0.05}), one == fingerprint({"mean": 0.06})
    (True, False)
    """
    return hashlib.sha256(audit_log.canonical(content).encode()).hexdigest()


def seal(
    log: AuditLog, content: Mapping[str, Any], key: bytes, *, role: str, plan: str, at: datetime
) -> Event:
    """Sign a statement and write it into the log; the same statement again returns the first event.

    Parameters
    ----------
    key : bytes
        The role's own.
    plan : str
        Fingerprint of the plan that it is about.
    at : datetime
        Now, with its zone. Scores count from the first whole month after this.

    Examples
    --------
    >>> log, key, plan = AuditLog(), bytes(31) + b"\\x01", "ab" * 32
    >>> days = pd.date_range("2026-01-15", periods=3, tz="UTC")
    >>> first = seal(
    ...     log, {"mean": 0.05}, key, role="research", plan=plan, at=days[0].to_pydatetime()
    ... )
    >>> other = seal(
    ...     log, {"mean": 0.06}, key, role="research", plan=plan, at=days[1].to_pydatetime()
    ... )
    >>> again = seal(
    ...     log, {"mean": 0.05}, key, role="research", plan=plan, at=days[2].to_pydatetime()
    ... )
    >>> again == first, [e.body["signed"]["message"]["nonce"] for e in log.events()]
    (True, [1, 2])
    >>> (
    ...     first.body["fingerprint"] == fingerprint({"mean": 0.05}),
    ...     first.body["statement"],
    ...     first.actor,
    ... )
    (True, {'mean': 0.05}, 'research')
    >>> message = first.body["signed"]["message"]
    >>> message["subject"], message["content"] == first.body["fingerprint"], message["role"]
    ('sealed forecast', True, 'research')
    """
    digest = fingerprint(content)
    for event in log.events("forecasts", "ForecastSealed"):
        if event.body["fingerprint"] == digest:
            return event
    nonce = 1 + len(log.events("forecasts", "ForecastSealed"))
    said = {
        "subject": SUBJECT,
        "content": bytes.fromhex(digest),
        "reason": "written down before the outcome",
    }
    signed = sign("Approval", said, key, role=role, nonce=nonce, plan=plan, at=at, days=1)
    body = {"statement": dict(content), "fingerprint": digest, "signed": signed.to_json()}
    return log.append("forecasts", "ForecastSealed", at=at, actor=role, body=body)


def sealed(
    log: AuditLog, roster: Mapping[str, str], *, plan: str, head: Head | None = None
) -> list[Event]:
    """The sealed statements in order, after the chain, each hash and each signature were checked.

    Parameters
    ----------
    log : AuditLog
    roster : mapping
        Address by role.
    plan : str
        Fingerprint of the plan that they are about.
    head : Head, optional
        One that was kept elsewhere.

    Returns
    -------
    list of Event

    Raises
    ------
    ChainBroken
        Naming the first link that was changed.
    AuditError
        For a statement that is not the one that was hashed, or a signature over another.
    SignatureError
        For a signature that is not by the key of a role in `roster`, or not of that day.

    Examples
    --------
    >>> from portlib.stewardship.governance.signatures import address
    >>> log, key, plan = AuditLog(), bytes(31) + b"\\x01", "ab" * 32
    >>> at = pd.Timestamp("2026-01-15", tz="UTC").to_pydatetime()
    >>> events = [
    ...     seal(log, {"mean": mean}, key, role="research", plan=plan, at=at)
    ...     for mean in (0.05, 0.06)
    ... ]
    >>> roster = {"research": address(key)}
    >>> (
    ...     sealed(log, roster, plan=plan) == events,
    ...     sealed(log, roster, plan=plan, head=log.verify()) == events,
    ... )
    (True, True)
    >>> sealed(log, roster, plan="cd" * 32)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.Altered: Approval 1 of research: it is not ...
    >>> sealed(log, roster, plan=plan, head=Head(3, "0" * 64))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.audit_log.ChainBroken: link 3 is missing: the log ends before link ...

    It goes on in ``sealed_forecasts.md``.
    """
    log.verify(head)
    events = list(log.events("forecasts", "ForecastSealed"))
    for event in events:
        signed = from_json(event.body["signed"])
        verify(signed, roster, plan=plan, at=event.at)
        hashed = fingerprint(event.body["statement"])
        names = (event.body["fingerprint"], bytes(signed.message["content"]).hex())
        if names != (hashed, hashed) or signed.message["subject"] != SUBJECT:
            raise AuditError(f"event {event.number}: the statement is not the one that was signed")
    return events


def score(
    log: AuditLog,
    returns: pd.DataFrame,
    roster: Mapping[str, str],
    *,
    plan: str,
    head: Head | None = None,
) -> pd.DataFrame:
    """What came of each sealed figure, up to the last month of `returns`.

    Parameters
    ----------
    returns : DataFrame
        Monthly decimals by month; a column for each class or fund that is to be scored. Portfolios
        are rebalanced monthly. What has no column is listed without a score.

    Returns
    -------
    DataFrame
        One row a sealed class, portfolio and rival: ``sealed`` (day), ``what``, ``name``,
        ``months`` so far, ``expected`` and ``came`` (compound, a year), ``z``.

    Raises
    ------
    ChainBroken, AuditError, SignatureError
        As `sealed` does: nothing is scored from a record that does not hold.

    Examples
    --------
    Sealed in the middle of January, so that February to April count: a quarter of a year. What was
    expected of a mean m and a risk s compounds to ``(1 + m)**2 / sqrt((1 + m)**2 + s**2) - 1``.

    >>> from portlib.stewardship.governance.signatures import address
    >>> log, key, plan = AuditLog(), bytes(31) + b"\\x01", "ab" * 32
    >>> told = Assumptions(["a", "b"], [0.06, 0.03], [[0.04, 0.0], [0.0, 0.0]])
    >>> mix = {"mix": {"weights": {"b": 0.4, "a": 0.6}, "mean": 0.048, "risk": 0.12}}
    >>> lost = {"lost": {"weights": {"a": 0.5, "gold": 0.5}, "mean": 0.05, "risk": 0.15}}
    >>> at = pd.Timestamp("2026-01-15", tz="UTC").to_pydatetime()
    >>> said = statement(told, mix, lost, 10)
    >>> _ = seal(log, said, key, role="research", plan=plan, at=at)
    >>> months = pd.period_range("2026-01", periods=4, freq="M")
    >>> returns = pd.DataFrame(
    ...     {"a": [0.5, 0.02, -0.01, 0.03], "b": [0.5, 0.01, 0.0, 0.002]}, months
    ... )
    >>> found = score(log, returns, {"research": address(key)}, plan=plan).set_index("name")
    >>> found[["what", "months"]].to_numpy().tolist()
    [['class', 3], ['class', 3], ['portfolio', 3], ['rival', 0]]
    >>> by_hand = (1.02 * 0.99 * 1.03) ** 4 - 1
    >>> bool(np.isclose(found.loc["a", "came"], by_hand, rtol=1e-10)), str(found["sealed"].iloc[0])
    (True, '2026-01-15')
    >>> believed = 1.06**2 / (1.06**2 + 0.04) ** 0.5 - 1

    It goes on in ``sealed_forecasts.md``.
    """
    months = monthly(returns)
    rows = []
    for event in sealed(log, roster, plan=plan, head=head):
        content = event.body["statement"]
        risks = np.sqrt(np.diag(np.array(content["sigma"])))
        singles = {
            label: {"weights": {label: 1.0}, "mean": mean, "risk": risk}
            for label, mean, risk in zip(content["labels"], content["mu"], risks, strict=True)
        }
        kinds = {"class": singles, "portfolio": content["portfolios"], "rival": content["rivals"]}
        since = months.loc[first_month(event.at.date().isoformat()) :]
        for what, entries in kinds.items():
            for name, entry in entries.items():
                row = {"sealed": event.at.date(), "what": what, "name": name}
                rows.append(row | _scored(entry, since))
    return pd.DataFrame(rows, columns=["sealed", "what", "name", "months", "expected", "came", "z"])


def _scored(entry: Mapping[str, Any], months: pd.DataFrame) -> dict[str, Any]:
    weights = pd.Series(entry["weights"], dtype=float)
    believed = float(arithmetic_to_geometric(entry["mean"], entry["risk"]))
    known = months[list(weights.index)] if set(weights.index) <= set(months) else months.iloc[:0]
    known = known.dropna() if known.shape[1] else known
    found = {"months": len(known), "expected": believed, "came": np.nan, "z": np.nan}
    if len(known):
        years = len(known) / 12
        came = float(np.expm1(np.log1p(known @ weights).sum() / years))
        found["came"] = came
        if entry["risk"] > 0:
            found["z"] = (came - believed) / (entry["risk"] / np.sqrt(years))
    return found


def _plain(portfolio: Mapping[str, Any]) -> dict[str, Any]:
    among("part of a portfolio", ["weights", "mean", "risk"], portfolio)
    weights = {str(name): float(w) for name, w in portfolio["weights"].items() if w != 0}
    return {
        "weights": weights,
        "mean": float(portfolio["mean"]),
        "risk": float(portfolio["risk"]),
    }
