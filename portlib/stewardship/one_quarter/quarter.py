"""How does a view become holdings, which control can stop it, and what is left on record?

One path, in one log, whose head is signed after every step that others rely on::

    adopt    policy, model (code, data, policy, plan by hash) and mandate are written down
    hear     signed letters are accepted or refused
    make     policy unchanged? model the registered one? certified? not halted?
             -> suite of portfolios under the views in force -> within every limit? -> released
    trade    trigger -> whole lots -> instruction
    settle   lock -> confirm every leg -> final, or all of it rolled back
    watch    alerts are opened, and closed when they are over

Each control stands in the path: where one says no, nothing behind it happens, and the log says
which and why. A portfolio that was made before is remade, not made afresh: it changes only where
the change is worth more than the assumptions are sure of.

Left out: what the counterparties do, and whether a person should have said no where no rule did.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from portlib import history
from portlib.plan import Plan
from portlib.records import Array, Assumptions
from portlib.retirement import model_portfolios, plan_menu
from portlib.retirement.model_portfolios import Suite
from portlib.retirement.model_portfolios.models import from_json as suite_from_json
from portlib.retirement.plan_menu.account_review import Trade
from portlib.stewardship.audit_log import AuditLog, ChainBroken, Event, Head, canonical
from portlib.stewardship.governance import certificates, model_registry, signatures
from portlib.stewardship.governance.approvals import GovernanceError
from portlib.stewardship.governance.circuit_breakers import risk_limits, risk_measures
from portlib.stewardship.governance.model_registry import Pins, RegistryError, policy_values
from portlib.stewardship.governance.office import Office, OptimizationHalted
from portlib.stewardship.monitoring.alarms import Alert, alerts
from portlib.stewardship.one_quarter import inbox
from portlib.stewardship.rebalancing import (
    RebalanceInstruction,
    Situation,
    from_policy,
    instruct,
    issue,
)
from portlib.stewardship.rebalancing.trade_lists import best_list, faults, rounded
from portlib.stewardship.settlement import (
    Leg,
    Order,
    confirm,
    deliver,
    deposit,
    expire,
    fail,
    finalise,
    lock,
)
from portlib.stewardship.settlement.ledger import CASH, MICRO, OPEN, PLAN, Ledger

#: Under this name the making of portfolios is registered.
MODEL = "model portfolios"
#: How messages are named by which the custodian advances cash for an order.
_FLOAT = "settlement float for "
#: What a scheduler is told.
NOTHING_DUE, REVIEW_DUE, HALTED, REFUSED, BROKEN = 0, 10, 20, 30, 40


class NotAdopted(GovernanceError):
    """The log has no policy, model or mandate yet; adopt them first."""


@dataclass(frozen=True, eq=False)
class Desk:
    """A plan, the ledger that holds its log and its holdings, and who runs the quarter.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
        Holdings and audit log, one file.
    roster : mapping of role to address
        Whose key counts for which role.
    role, key : str, bytes
        Who signs the log's head; the address of the key must be the role's.

    Examples
    --------
    >>> (key,) = signatures.demonstration_keys(["operations"], np.random.default_rng(1)).values()
    >>> roster = {"operations": signatures.address(key).upper().replace("X", "x"), "chair": "0x1"}
    >>> desk = Desk(None, Ledger(":memory:"), roster, "operations", key)
    >>> desk.log is desk.ledger.log
    True
    >>> Desk(None, desk.ledger, roster, "chair", key)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.WrongKey: the key given is not that of chair ...

    The office asks of letters that they name the plan as it was handed in, not as seen through:

    >>> from types import SimpleNamespace
    >>> decided = {"approval_roles": ["chair"], "approvals_needed": 1, "view_authors": ["chair"]}
    >>> decided["policy_timelock_hours"] = 48
    >>> plan = SimpleNamespace(fingerprint="handed in", policy=decided)
    >>> desk = Desk(plan, desk.ledger, roster, "operations", key)
    >>> vars(desk)["seen"] = SimpleNamespace(fingerprint="seen through", policy=plan.policy)
    >>> desk.office.plan, desk.office.log is desk.log, desk.office.roster == roster
    ('handed in', True, True)
    """

    plan: Plan
    ledger: Ledger
    roster: Mapping[str, str]
    role: str
    key: bytes

    def __post_init__(self) -> None:
        """Refuse a key that is not the role's."""
        if self.roster.get(self.role, "").lower() != signatures.address(self.key).lower():
            raise signatures.WrongKey(f"the key given is not that of {self.role} in the roster")

    @property
    def log(self) -> AuditLog:
        """The one log, in the ledger's file."""
        return self.ledger.log

    @property
    def office(self) -> Office:
        """Who may approve, as the plan's policy says."""
        return Office.of_policy(
            self.log, self.plan.fingerprint, self.roster, policy=self.plan.policy
        )

    @cached_property
    def seen(self) -> Plan:
        """The plan with its funds seen through by the evidence that it brings, as portfolios are
        made of it; signatures and pins name the plan as it was handed in."""
        return plan_menu.by_evidence(self.plan, history.open_record())

    @property
    def pins(self) -> Pins:
        """What would make a portfolio now."""
        return model_registry.pins(self.plan)


# ---- adopt, seal ---------------------------------------------------------------------------------


def adopt(desk: Desk, at: datetime) -> Event:
    """Write down policy, model and mandates from which the quarter starts; sealed. Once a log.

    Raises `AlreadyDone` where a policy stands.
    """
    office = desk.office
    office.adopt(policy_values(desk.plan.policy), at, desk.role)
    register(desk, at)
    adopt_mandates(desk, at)
    return seal(desk, at)


def register(desk: Desk, at: datetime) -> None:
    """Write down that the making of portfolios is what code, data, policy and plan are now.

    After a change it is needed again, and so is a certificate: that of the old model is void.
    Raises `UnapprovedPolicy` where the policy in use is another than the log's.
    """
    desk.office.check_policy(policy_values(desk.plan.policy))
    digits = desk.plan.policy["result_digits"]
    model_registry.register(desk.log, MODEL, desk.pins, at=at, actor=desk.role, digits=digits)


def deposit_opening(desk: Desk, shares: Mapping[str, float], at: datetime) -> None:
    """Put the opening holdings into the ledger, in thousandths of a share, and seal them.

    `shares` by fund; under ``USD`` dollars of cash. Once a log: the same again changes nothing,
    other holdings are refused by `deliver`.

    Parameters
    ----------
    desk : Desk
    shares : mapping
    at : datetime
        Now, with its zone.
    """
    amounts = {
        fund: round(number * 100) if fund == CASH else round(number * 1000) * (MICRO // 1000)
        for fund, number in shares.items()
    }
    deliver(desk.ledger, deposit("opening holdings", amounts), at)
    seal(desk, at)


def adopt_mandates(desk: Desk, at: datetime) -> int:
    """Write down the rules of each posture under the policy in force, as the next version, if they
    are others than those adopted last; returns the version in force.
    """
    classes = plan_menu.class_assumptions(desk.seen)
    rules = {
        posture: plan_menu.menu_mandate(desk.seen, posture, classes).fingerprint
        for posture in model_portfolios.postures(desk.plan.policy)
    }
    adopted = desk.log.events("policy", "MandateAdopted")
    told = {"mandates": rules, "policy": desk.plan.policy.fingerprint}
    version = int(adopted[-1].body["version"]) if adopted else 0
    if adopted and {name: adopted[-1].body[name] for name in told} == told:
        return version
    body = {**told, "version": version + 1}
    desk.log.append("policy", "MandateAdopted", at=at, actor=desk.role, body=body)
    return version + 1


def seal(desk: Desk, at: datetime) -> Event:
    """Sign the head of the log and write the signature behind it: from here on a cut shows."""
    head = desk.log.verify()
    nonce = 1 + max(desk.office.used(desk.role), default=0)
    signed = signatures.sign(
        "LogHead",
        signatures.head_content(head),
        desk.key,
        role=desk.role,
        nonce=nonce,
        plan=desk.plan.fingerprint,
        at=at,
        days=desk.plan.policy["view_validity_days"],
    )
    body = {"role": desk.role, "nonce": nonce, "signed": signed.to_json()}
    return desk.log.append("decisions", "LogSealed", at=at, actor=desk.role, body=body)


# ---- make ----------------------------------------------------------------------------------------


def released(log: AuditLog) -> Event | None:
    """The event that released the portfolios in force, or None before the first.

    Examples
    --------
    The last release of these portfolios counts; what another model released does not.

    >>> from datetime import UTC
    >>> log, at = AuditLog(), datetime(2026, 11, 29, tzinfo=UTC)
    >>> released(log) is None
    True
    >>> for model in (MODEL, MODEL, "toy"):
    ...     said = {"model": model, "values": {}}
    ...     _ = log.append("optimisation", "PortfolioOptimized", at=at, actor="x", body=said)
    >>> released(log).number
    2
    """
    events = log.events("optimisation", "PortfolioOptimized")
    mine = [event for event in events if event.body["model"] == MODEL]
    return mine[-1] if mine else None


def suite_of(event: Event) -> Suite:
    """The portfolios that a release wrote down."""
    return suite_from_json(event.body["values"]["suite"])


def assumptions_of(event: Event) -> Assumptions:
    """The classes' assumptions that a release wrote down."""
    told = event.body["values"]["assumptions"]
    return Assumptions(**told)


def make(desk: Desk, at: datetime) -> Event:
    """Make the portfolios under the views in force and release them, or stop and say why.

    Raises
    ------
    ChainBroken
        The log is not what was written.
    NotAdopted, UnapprovedPolicy
        Nothing was adopted, or the policy in use is another than the log's.
    RegistryError, NotCertified
        Code, data, policy or plan are not the registered ones; no certificate is in force.
    OptimizationHalted
        A halt stands, or a measure is beyond its limit: then a halt stands from now on.
    ViewError, Infeasible, NotSolved
        As views and engine do.
    """
    made_by = controls(desk, at)
    plan = desk.seen
    before = released(desk.log)
    old = suite_of(before) if before else None
    views = inbox.in_force(desk.office, at)
    prior = plan_menu.class_assumptions(plan)
    classes = inbox.expected(plan, prior, views)

    found = (
        model_portfolios.suite(plan, classes)
        if old is None
        else model_portfolios.remake(old, plan, classes)
    )
    values = {
        "suite": found.to_json(),
        "assumptions": _plain(classes),
        "views": {view.name: view.fingerprint for view in views},
        "engine": plan.policy["optimizer"],
        "mandates": adopt_mandates(desk, at),
    }
    known = None if old is None else portfolios({"suite": old.to_json()})
    made = desk.office.optimize(
        lambda: model_registry.result(MODEL, values, made_by, plan.policy["result_digits"]),
        lambda told: risk_measures(portfolios(told), prior.rf, known),
        risk_limits(portfolios(values), policy=plan.policy),
        at,
        desk.role,
    )
    model_registry.accept(desk.log, made, at=at, actor=desk.role)
    seal(desk, at)
    return _standing(desk)


def controls(desk: Desk, at: datetime) -> Pins:
    """Every control that is asked before anything is made; what made it, if none says no."""
    desk.log.verify()
    if not desk.log.events("policy", "PolicyAdopted"):
        raise NotAdopted("no policy was adopted in this log: adopt policy, model and mandate first")
    desk.office.check_policy(policy_values(desk.plan.policy))
    made_by = desk.pins
    registered = model_registry.registered(desk.log, MODEL)
    if different := made_by.differing(registered):
        raise model_registry.PinMismatch(
            f"{MODEL}: {' and '.join(different)} are not those registered; register the change "
            "once it is approved"
        )
    certificates.in_force(desk.office, made_by, at)
    if (halt := desk.office.halt) is not None:
        raise OptimizationHalted(f"halted since event {halt.number}: {halt.body['why']}")
    return made_by


def portfolios(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By posture: weights by fund, mean and risk, as risk is measured on them.

    Examples
    --------
    >>> told = {
    ...     "posture": "moderate",
    ...     "weights": {"A": 1.0},
    ...     "mean": 0.05,
    ...     "risk": 0.1,
    ...     "cost": 0.002,
    ... }
    >>> portfolios({"suite": {"models": [told]}})
    {'moderate': {'weights': {'A': 1.0}, 'mean': 0.05, 'risk': 0.1}}
    """
    return {
        model["posture"]: {name: model[name] for name in ("weights", "mean", "risk")}
        for model in values["suite"]["models"]
    }


def _plain(classes: Assumptions) -> dict[str, Any]:
    return {
        "labels": list(classes.labels),
        "mu": classes.mu.tolist(),
        "sigma": classes.sigma.tolist(),
        "rf": classes.rf,
        "source": classes.source,
    }


# ---- trade ---------------------------------------------------------------------------------------


def held(ledger: Ledger, prices: pd.Series) -> tuple[pd.Series, float, float]:
    """Weights by fund of what the ledger holds, at `prices` (US dollars a share), what they are
    worth, and cash besides (US dollars).

    Raises GovernanceError for a holding without a price, a fund with two, and where nothing is
    held.

    Examples
    --------
    Two shares of A at 30 dollars, half a share of B at 80, and of 25.50 dollars 10 that the
    custodian put up for an order.

    >>> from datetime import UTC
    >>> ledger, at = Ledger(":memory:"), datetime(2026, 11, 29, tzinfo=UTC)
    >>> prices = pd.Series({"B": 80.0, "A": 30.0, "C": 5.0})
    >>> held(ledger, prices)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.approvals.GovernanceError: the ledger holds nothing: ...
    >>> _ = deliver(ledger, deposit("one", {"A": 2_000_000, "B": 500_000}), at)
    >>> _ = deliver(ledger, deposit("no settlement float for x", {"USD": 1_550}), at)
    >>> _ = deliver(ledger, deposit("settlement float for x", {"USD": 1_000}), at)
    >>> weights, worth, cash = held(ledger, prices)
    >>> weights.to_dict(), worth, cash
    ({'A': 0.6, 'B': 0.4}, 100.0, 15.5)
    >>> held(ledger, prices[["C"]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.approvals.GovernanceError: A, B: held, and without a price; ...
    """
    owned = ledger.holdings()
    funds = {name: micro for name, micro in owned.items() if name != CASH}
    if twice := sorted({str(fund) for fund in prices.index[prices.index.duplicated()]}):
        raise GovernanceError(f"prices name {', '.join(twice)} more than once; give each one price")
    if lost := [name for name in funds if not 0 < float(prices.get(name, math.nan)) < math.inf]:
        raise GovernanceError(f"{', '.join(sorted(lost))}: held, and without a price; give one")
    dollars = pd.Series(
        {name: micro / MICRO * float(prices[name]) for name, micro in funds.items()}, dtype=float
    )
    worth = float(dollars.sum())
    if not worth > 0:
        raise GovernanceError("the ledger holds nothing: deposit the opening holdings first")
    return dollars / worth, worth, (owned.get(CASH, 0) - _advanced(ledger)) / 100


def _advanced(ledger: Ledger) -> int:
    """Cents that the custodian has put up so that orders could be locked; they are not the
    plan's to invest, and stay for the next order.
    """
    deposits = ledger.log.events("settlement", "Deposited")
    return sum(
        quantity
        for event in deposits
        if str(event.body["message"]).startswith(_FLOAT)
        for _, _, asset, quantity in event.body["transfers"]
        if asset == CASH
    )


def due(
    desk: Desk, posture: str, prices: pd.Series, at: datetime, *, returns: Array | None = None
) -> str:
    """Why the account of a posture is to be traded by the policy's trigger; empty if it is not.

    Parameters
    ----------
    desk : Desk
    posture : str
        Whose account it is.
    prices : Series
        US dollars a share, by fund.
    at : datetime
        Now, with its zone.
    returns : array (months, funds), optional
        Of the target's funds, then of what else is held; decimals, which the triggers of risk and
        trend look at. The others need none.

    Returns
    -------
    str

    Examples
    --------
    A target of 30% A, 50% B and 20% C, of which 60% A and 40% B are held; the account was last
    changed on 15 January, so that three months have passed on 15 April.

    >>> from datetime import UTC
    >>> from types import SimpleNamespace
    >>> from portlib.retirement.model_portfolios.models import Model
    >>> model = Model(
    ...     "moderate",
    ...     {"A": 0.3, "B": 0.5, "C": 0.2, "D": 0.0},
    ...     4,
    ...     0.05,
    ...     0.1,
    ...     0.5,
    ...     0,
    ...     0,
    ...     "m",
    ...     "typed",
    ... )
    >>> suite = Suite((model,), {}, {}, "2026-01-15").to_json()
    >>> decided = {"rebalance_trigger": "calendar", "rebalance_calendar_months": 3}
    >>> decided |= {"rebalance_drift": {"absolute": 0.05, "relative": 0.25}}
    >>> ledger, start = Ledger(":memory:"), datetime(2026, 1, 15, tzinfo=UTC)

    It goes on in ``quarter.md``.
    """
    name = desk.plan.policy["rebalance_trigger"]
    if name in ("risk_spike", "signal") and returns is None:
        raise GovernanceError(f"the policy's trigger is {name}: give the funds' monthly returns")
    target, weights = _positions(desk, posture, prices)
    months = np.zeros((0, len(target))) if returns is None else np.asarray(returns, float)
    if months.shape[1:] != (len(target),) or not np.isfinite(months).all():
        raise GovernanceError(
            f"returns: give a number for every month and each of {', '.join(target.index)}, in "
            "this order: what is held counts beside the target"
        )
    situation = Situation(
        weights.to_numpy(float), target.to_numpy(float), months, _months_since(desk.log, at)
    )
    why = from_policy(name, policy=desk.plan.policy)(situation)
    for i, fund in enumerate(target.index):
        why = why.replace(f"asset {i} ", f"{fund} ")
    return why


def _positions(desk: Desk, posture: str, prices: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Target and weights over the same funds."""
    weights, _, _ = held(desk.ledger, prices)
    aim = pd.Series(suite_of(_standing(desk))[posture].weights, dtype=float)
    funds = [*aim.index[aim > 0], *(name for name in weights.index if not aim.get(name, 0.0) > 0)]
    return aim.reindex(funds, fill_value=0.0), weights.reindex(funds, fill_value=0.0)


def _months_since(log: AuditLog, at: datetime) -> int:
    """Whole months since the account was last traded, or since the policy was adopted."""
    counted = log.events("settlement", "SettlementFinalized") or log.events(
        "policy", "PolicyAdopted"
    )
    if not counted:
        raise NotAdopted("no policy was adopted in this log: adopt policy, model and mandate first")
    last = counted[-1].at.astimezone(at.tzinfo)  # a day is that of whoever asks
    longest = monthrange(at.year, at.month)[1]
    last = last.replace(day=min(last.day, longest))  # the last day of a shorter month ends it
    months = 12 * (at.year - last.year) + at.month - last.month
    return months - (at.day < last.day)


def trade(
    desk: Desk, posture: str, prices: pd.Series, at: datetime, *, reason: str
) -> RebalanceInstruction | None:
    """Issue the instruction that brings the account to the released target in whole lots.

    The account is pooled, so that a lot is far less than a basis point of it and every trade goes
    to the nearest (`rounded`); proofs to the dollar are for people's accounts (`exact`).

    The controls are asked again: what has been halted or changed since the release trades nothing.

    Parameters
    ----------
    desk, posture, prices, at
        As for `due`.
    reason : str
        Why, as `due` says.

    Returns
    -------
    RebalanceInstruction or None
        None where no lot is to be traded.
    """
    controls(desk, at)
    target, weights = _positions(desk, posture, prices)
    _, worth, cash = held(desk.ledger, prices)
    model = suite_of(_standing(desk))[posture]
    with desk.office.refusing(
        "rebalancing", "RebalanceInstructionRefused", at, desk.role, {"posture": posture}
    ):
        account, listed = best_list(
            desk.plan,
            weights,
            worth,
            prices.reindex(target.index),
            target,
            _trades(desk, at),
            at.date(),
            new_money=cash,
            make=rounded,
        )
        if wrong := faults(account, listed):
            raise GovernanceError(f"the trade list is withheld: {'; '.join(wrong)}")
    if not listed.legs:
        return None
    desk.log.append(
        "rebalancing", "RebalanceSignal", at=at, actor=desk.role, body={"reason": reason}
    )
    made = instruct(
        desk.plan,
        posture,
        account,
        listed,
        target,
        trigger=desk.plan.policy["rebalance_trigger"],
        reason=reason,
        mandate=model.mandate,
        day=at.date(),
    )
    issue(desk.log, made, at)
    seal(desk, at)
    return made


def _standing(desk: Desk) -> Event:
    event = released(desk.log)
    if event is None:
        raise NotAdopted("no portfolio was released: make one first")
    return event


def settle(desk: Desk, order: Order, fills: Mapping[int, int | str], at: datetime) -> str:
    """Lock an order and carry out what its counterparties said; the name of the last event.

    Parameters
    ----------
    fills : mapping of leg number to cents or text
        What each leg was executed for, or why it was not. A leg without an entry is still open.

    What an order must lock beyond the plan's cash, until its sales have come in, is the
    custodian's.
    """
    if desk.ledger.instruction(order.id) is None:
        lacking = order.cash_needed - desk.ledger.balance(PLAN, CASH)
        if lacking > 0:
            deliver(desk.ledger, deposit(f"{_FLOAT}{order.id}", {CASH: lacking}), at)
        deliver(desk.ledger, lock(f"lock {order.id}", order), at)
    last = desk.ledger.states()[order.id]
    for leg, said in sorted(fills.items()):
        name = f"leg {leg} {order.id}"
        message = (
            confirm(name, order.id, leg, said)
            if isinstance(said, int)
            else fail(name, order.id, leg, said)
        )
        last = deliver(desk.ledger, message, at).event
        if last == "SettlementRolledBack":
            break
    if (state := desk.ledger.states()[order.id]) != "EscrowLocked":
        last = state  # a leg that is told again is answered by what it led to the first time
    if last == "PendingFinality":
        last = deliver(desk.ledger, finalise(f"final {order.id}", order.id), at).event
    seal(desk, at)
    return last


def _trades(desk: Desk, at: datetime) -> list[Trade]:
    """What the account traded before, which the plan's rules of the day look at; by the days of
    whoever asks, as the day of the trade itself."""
    finished = {
        event.body["instruction"]: event.at.astimezone(at.tzinfo).date()
        for event in desk.log.events("settlement", "SettlementFinalized")
    }
    return [
        Trade(finished[told.fingerprint], leg.fund, math.copysign(1.0, leg.micro_shares))
        for told in instructions(desk)
        if told.fingerprint in finished
        for leg in told.legs
    ]


def instructions(desk: Desk) -> list[RebalanceInstruction]:
    """Every instruction that was issued, in order, as the log holds it."""
    issued = desk.log.events("rebalancing", "RebalanceInstructionIssued")
    return [
        RebalanceInstruction(**{**e.body, "legs": tuple(Leg(**leg) for leg in e.body["legs"])})
        for e in issued
    ]


def waiting(desk: Desk) -> Order | None:
    """The order that is locked and not yet final, as its instruction put it; None if none is."""
    states = desk.ledger.states()
    for told in instructions(desk):
        if states.get(told.fingerprint) in OPEN:
            return told.order()
    return None


def _continued(desk: Desk, order: Order, fills: Mapping[int, int | str], at: datetime) -> str:
    """Go on with an order that waits, or end it where its time is over, whoever spoke since."""
    found = desk.ledger.instruction(order.id)
    if found is None or at < datetime.fromisoformat(found[1]["deadline"]):
        return settle(desk, order, fills, at)
    last = deliver(desk.ledger, expire(f"expire {order.id}", order.id), at).event
    seal(desk, at)
    return last


# ---- watch ---------------------------------------------------------------------------------------


def watch(
    desk: Desk,
    posture: str,
    prices: pd.Series,
    at: datetime,
    *,
    measured: Mapping[str, pd.Series] | None = None,
) -> list[Alert]:
    """What rings today; opened in the log where it is new, closed where it is over.

    The distance of the holdings from the target is measured here. What is not measured today is
    not over: its alert stays open.

    Parameters
    ----------
    desk, posture, prices, at
        As for `due`.
    measured : mapping, optional
        Other rules by name (`stewardship.monitoring.Watched.measures`), each a series that ends
        today.

    Returns
    -------
    list of Alert
    """
    target, weights = _positions(desk, posture, prices)
    day = pd.Timestamp(at.date())
    distance = pd.Series([float((weights - target).abs().max())], index=[day])
    given = {
        name: series.iloc[-1:].set_axis([day][: len(series)])
        for name, series in (measured or {}).items()
    }
    today = {"distance from target": distance, **given}
    ringing = alerts(today, policy=desk.plan.policy)
    open_ = open_alerts(desk.log)
    now = {alert.rule: alert for alert in ringing}
    for rule, event in open_.items():
        if rule not in today:
            continue
        if rule not in now or now[rule].severity != event.body["severity"]:
            body = {"of": event.number, "rule": rule}
            desk.log.append("monitoring", "AlertClosed", at=at, actor=desk.role, body=body)
    for rule, alert in now.items():
        if rule not in open_ or open_[rule].body["severity"] != alert.severity:
            body = {**alert._asdict(), "since": alert.since.date().isoformat()}
            desk.log.append("monitoring", "AlertRaised", at=at, actor=desk.role, body=body)
    return ringing


def open_alerts(log: AuditLog) -> dict[str, Event]:
    """The alert that is open, by rule."""
    closed = {event.body["of"] for event in log.events("monitoring", "AlertClosed")}
    return {
        event.body["rule"]: event
        for event in log.events("monitoring", "AlertRaised")
        if event.number not in closed
    }


# ---- all of it -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How a run ended: what a scheduler is told, in a word and a number, and what happened."""

    code: int
    status: str
    letters: Mapping[str, str]
    release: int | None
    reason: str
    settlement: str
    alerts: tuple[str, ...]
    stopped_by: str
    head: Head

    def to_json(self) -> dict[str, Any]:
        """A dict that strict JSON can hold."""
        return {**asdict(self), "alerts": list(self.alerts), "head": self.head._asdict()}


def run(
    desk: Desk,
    letters: Sequence[inbox.Letter],
    prices: pd.Series,
    at: datetime,
    *,
    posture: str | None = None,
    fills: Mapping[int, int | str] | None = None,
    returns: Array | None = None,
    measured: Mapping[str, pd.Series] | None = None,
) -> Outcome:
    """One quarter from signed letters to settled holdings, stopped where a control says no.

    Parameters
    ----------
    letters : what came (`inbox.read`).
    prices : Series
        US dollars a share, by fund; of everything held and everything the target holds.
    at : datetime
        Now, with its zone.
    posture : str, optional
        Whose account it is; the policy's `default_posture`.
    fills : what the counterparties said, by leg; without it a new instruction waits, locked.
    returns, measured : as in `due` and `watch`.

    Returns
    -------
    Outcome
        ``code`` is 0 when all is done or nothing was due, 10 when people should look (an open
        alert to watch or act on, an order that waits or was rolled back), 20 when halted, 30 when a
        control refused, 40 when the log is broken.

    Examples
    --------
    The quarter of the example plan, whose people hold what they hold at ten dollars a share. Each
    control says no until what it asks for is there.

    >>> from datetime import UTC, timedelta
    >>> from portlib import plan as plans
    >>> ours = plans.read()
    >>> expert = ours.policy["certifier_roles"][0]
    >>> keys = signatures.demonstration_keys(
    ...     [expert, *{*ours.policy["approval_roles"], *ours.policy["view_authors"], "operations"}],
    ...     np.random.default_rng(1),
    ... )
    >>> roster = {role: signatures.address(key) for role, key in keys.items()}
    >>> desk = Desk(ours, Ledger(":memory:"), roster, "operations", keys["operations"])
    >>> at = datetime(2026, 6, 30, 9, tzinfo=UTC)
    >>> prices = pd.Series(
    ...     10.0, dict.fromkeys([*plan_menu.each_vintage(ours).funds.index, *ours.funds.index])
    ... )
    >>> def stopped(letters=()):
    ...     out = run(desk, letters, prices, at)
    ...     return out.code, out.status, out.stopped_by.split(":")[0]
    >>> stopped()
    (30, 'refused', 'NotAdopted')

    It goes on in ``quarter.md``.
    """
    who = posture or desk.plan.policy["default_posture"]
    said: dict[str, str] = {}
    try:
        desk.ledger.check()
        if not desk.log.events("policy", "PolicyAdopted"):
            raise NotAdopted("no policy was adopted in this log: adopt it first")
        prior = plan_menu.class_assumptions(desk.seen)
        said = inbox.hear(desk.office, desk.plan, letters, prior, desk.pins, at)
        if (order := waiting(desk)) is not None:
            controls(desk, at)
            event = _standing(desk)
            reason = "an order of an earlier day waits"
            last = _continued(desk, order, fills or {}, at)
        else:
            event = make(desk, at)
            reason = due(desk, who, prices, at, returns=returns)
            made = trade(desk, who, prices, at, reason=reason) if reason else None
            last = settle(desk, made.order(), fills or {}, at) if made else ""
        ringing = watch(desk, who, prices, at, measured=measured)
        seal(desk, at)
    except ValueError as error:
        return _stopped(desk, error, said)
    waits = last not in ("", "SettlementFinalized")
    open_ = [event.body["severity"] for event in open_alerts(desk.log).values()]
    look = waits or any(x != "info" for x in [*open_, *(alert.severity for alert in ringing)])
    return Outcome(
        REVIEW_DUE if look else NOTHING_DUE,
        "review due" if look else "done",
        said,
        event.number,
        reason,
        last,
        tuple(map(str, ringing)),
        "",
        desk.log.verify(),
    )


def _stopped(desk: Desk, error: ValueError, said: Mapping[str, str]) -> Outcome:
    """The outcome of a run that a control stopped; other errors are the caller's."""
    kinds: tuple[tuple[type[ValueError] | tuple[type[ValueError], ...], int, str], ...] = (
        (OptimizationHalted, HALTED, "halted"),
        (ChainBroken, BROKEN, "log broken"),
        ((GovernanceError, RegistryError, signatures.SignatureError), REFUSED, "refused"),
    )
    for kind, code, status in kinds:
        if isinstance(error, kind):
            head = Head(0, "") if code == BROKEN else desk.log.verify()
            why = f"{type(error).__name__}: {error}"
            return Outcome(code, status, said, None, "", "", (), why, head)
    raise error


#: The schema of an event that goes out as a line.
EVENT = "prudent-by-construction/event/1"


def lines(log: AuditLog, *, after: int = 0) -> list[str]:
    """The log's events after a number as JSON lines, for whatever collects them.

    Examples
    --------
    >>> import json
    >>> from datetime import UTC, timedelta, timezone
    >>> log, at = AuditLog(), datetime(2026, 11, 29, tzinfo=UTC)
    >>> for of in (7, 8):
    ...     event = log.append("policy", "Approved", at=at, actor="chair", body={"of": of})
    >>> len(lines(log)), lines(log, after=2)
    (2, [])
    >>> (line,) = lines(log, after=1)
    >>> told = json.loads(line)
    >>> (
    ...     told["number"],
    ...     told["event"],
    ...     told["body"],
    ...     told["actor"],
    ...     told["digest"] == event.link.digest,
    ... )
    (2, 'Approved', {'of': 8}, 'chair', True)
    >>> line[-1] == chr(10), told["topic"], told["at"]
    (True, 'policy', '2026-11-29T00:00:00+00:00')

    When is told to the last digit, by the same clock wherever it was written, and read back is the
    same moment.

    >>> east = datetime(2026, 11, 29, 9, 30, 5, 250_001, tzinfo=timezone(timedelta(hours=5)))
    >>> _ = log.append("policy", "Approved", at=east, actor="chair", body={"of": 9})
    >>> told = json.loads(lines(log, after=2)[0])
    >>> told["at"], datetime.fromisoformat(told["at"]) == east, told["schema"]
    ('2026-11-29T04:30:05.250001+00:00', True, 'prudent-by-construction/event/1')
    """
    return [
        canonical(
            {
                "schema": EVENT,
                "number": event.number,
                "topic": event.topic,
                "event": event.name,
                "at": event.at.isoformat(),
                "actor": event.actor,
                "body": dict(event.body),
                "digest": event.link.digest,
            }
        )
        + "\n"
        for event in log.events()
        if event.number > after
    ]


def fills_from_json(content: Mapping[str, Any]) -> dict[int, int | str]:
    """What counterparties said, from JSON.

    Parameters
    ----------
    content : mapping
        By number of the leg, as text: whole cents, or a reason.

    Returns
    -------
    dict
        By number of the leg.

    Raises
    ------
    GovernanceError
        Naming the leg that says neither.

    Examples
    --------
    >>> fills_from_json({"0": 125000, "1": "not executed"})
    {0: 125000, 1: 'not executed'}
    >>> fills_from_json({"12": 1})
    {12: 1}

    >>> for wrong in ({"0": 0}, {"-1": 5}, {"0": 1.5}, {"0": True}, {"1": 5, "01": 6}, ["0"]):
    ...     try:
    ...         fills_from_json(wrong)
    ...     except GovernanceError as error:
    ...         print(error)
    fills: '0': 0; give whole cents by leg, or a reason
    fills: '-1': 5; give whole cents by leg, or a reason
    fills: '0': 1.5; give whole cents by leg, or a reason
    fills: '0': True; give whole cents by leg, or a reason
    fills: '01': 6; give whole cents by leg, or a reason
    fills are a mapping from leg to cents, or to a reason
    """
    found: dict[int, int | str] = {}
    if not isinstance(content, Mapping):
        raise GovernanceError("fills are a mapping from leg to cents, or to a reason")
    for leg, said in content.items():
        good = isinstance(said, str) or (type(said) is int and said > 0)
        if not re.fullmatch("0|[1-9][0-9]*", str(leg)) or not good:
            raise GovernanceError(f"fills: {leg!r}: {said!r}; give whole cents by leg, or a reason")
        found[int(leg)] = said
    return found
