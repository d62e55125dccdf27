"""What is due today, and why?

Read off the log and the holdings, without changing either; this is what a scheduler asks every
night. Each finding names what people should do: `rebalance` goes back to the target, `remake` makes
the target anew because what it rests on has changed, `renew` asks for a signature, `look` for eyes.

Left out: anything that is not in the log, the holdings or the prices given.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from portlib.records import Array
from portlib.retirement import plan_menu
from portlib.stewardship.governance.approvals import UnapprovedPolicy
from portlib.stewardship.governance.certificates import NotCertified
from portlib.stewardship.governance.model_registry import policy_values
from portlib.stewardship.one_quarter import inbox, quarter
from portlib.stewardship.one_quarter.quarter import Desk, assumptions_of, held, released
from portlib.stewardship.settlement.ledger import OPEN

#: So long before a signature ends people are told.
NOTICE = timedelta(days=7)


class Due(NamedTuple):
    """Something to do: what, by which rule, and why."""

    action: str
    rule: str
    why: str


def review(
    desk: Desk,
    posture: str,
    prices: pd.Series,
    at: datetime,
    *,
    returns: Array | None = None,
) -> list[Due]:
    """Everything that is due at `at`, in the order of the path; empty when nothing is.

    Parameters
    ----------
    desk, posture, prices, returns : as in `quarter.run`.

    Examples
    --------
    >>> Due("renew", "certificate", "ends on 2026-12-01").action
    'renew'

    Before anything was adopted, registered, certified or released; then with a policy that is not
    the log's, a certificate of another model, or one that ends within a week, and an order that
    waits.

    >>> from types import SimpleNamespace
    >>> from portlib.stewardship.audit_log import AuditLog
    >>> from portlib.stewardship.governance.office import Office
    >>> class Decided(dict):
    ...     entries = property(lambda self: list(self))
    >>> log, at = AuditLog(), datetime(2026, 11, 29, tzinfo=UTC)
    >>> office = Office(log, "plan", {"chair": "0x1"}, ("chair",), 1, timedelta(0), ())
    >>> ours = SimpleNamespace(
    ...     log=log,
    ...     office=office,
    ...     pins=SimpleNamespace(model="m1"),
    ...     plan=SimpleNamespace(policy=Decided(cap=0.4)),
    ...     ledger=SimpleNamespace(
    ...         states=lambda: {"1": "SettlementFinalized", "0123456789abcdef": "EscrowLocked"}
    ...     ),
    ... )
    >>> def told(at=at):
    ...     for due in review(ours, "moderate", None, at):
    ...         print(f"{due.action} {due.rule}: {due.why}")
    >>> told()
    look policy: no policy was adopted in this log
    renew certificate: NotCertified: none names the model in use
    remake release: no portfolio was released yet
    look settlement: order 0123456789ab waits: EscrowLocked
    >>> office.adopt({"cap": 0.5}, at, "chair")
    >>> def certified(model, until):
    ...     said = {
    ...         "fields": {"model": model},
    ...         "signed": {"message": {"validUntil": int(until.timestamp())}},
    ...     }
    ...     _ = log.append("models", "ModelCertified", at=at, actor="expert", body=said)
    >>> certified("m0", at + timedelta(days=300))
    >>> told()
    look policy: changed without an event of the log: cap; restore or propose them
    renew certificate: NotCertified: none names the model in use
    remake release: no portfolio was released yet
    look settlement: order 0123456789ab waits: EscrowLocked
    >>> ours.plan.policy["cap"] = 0.5
    >>> certified("m1", at + timedelta(days=30))
    >>> told(at + timedelta(days=23))  # a week is left, not less
    remake release: no portfolio was released yet
    look settlement: order 0123456789ab waits: EscrowLocked
    >>> told(at + timedelta(days=23, seconds=1))
    renew certificate: ends on 2026-12-29
    remake release: no portfolio was released yet
    look settlement: order 0123456789ab waits: EscrowLocked

    A view that ends soon, an open alert, and a halt:

    >>> for name, days in (("US", 5), ("EU", 9), ("Asia", -1)):
    ...     message = {"validUntil": int((at + timedelta(days=days)).timestamp())}
    ...     body = {"view": name, "signed": {"message": message}}
    ...     _ = log.append("views", "ViewAccepted", at=at, actor="research", body=body)
    >>> for rule, severity in (("drift", "watch"), ("cost", "info"), ("age", "act")):
    ...     body = {"rule": rule, "severity": severity, "value": 0.06789, "limit": 0.05}
    ...     _ = log.append("monitoring", "AlertRaised", at=at, actor="chair", body=body)
    >>> _ = log.append(
    ...     "monitoring", "AlertClosed", at=at, actor="chair", body={"of": log.events()[-1].number}
    ... )
    >>> _ = log.append("risk", "Halted", at=at, actor="chair", body={"why": "risk is 0.3"})
    >>> told()
    look halt: halted since event 11: risk is 0.3
    renew view: US: ends on 2026-12-04
    remake release: no portfolio was released yet
    look alert: drift: 0.0679, limit 0.05
    look settlement: order 0123456789ab waits: EscrowLocked

    Of a release, what it rests on is asked again: views in force, assumptions, what is held and how
    risky it is. Here half of the account is held in a fund of stocks and half in one of bonds, as
    it was released.

    >>> import math
    >>> from portlib import plan as plans
    >>> from portlib.retirement.model_portfolios.models import Model, Suite
    >>> from portlib.stewardship.settlement import deliver, deposit
    >>> from portlib.stewardship.settlement.ledger import Ledger
    >>> example = plans.read()
    >>> values = {
    ...     name: example.policy[name]
    ...     for name in ("rebalance_drift", "equity_classes", "model_owners")
    ... }
    >>> values |= {
    ...     "rebalance_trigger": "drift",
    ...     "circuit_breakers": {"volatility": {"moderate": 0.2}},
    ... }
    >>> decided = Decided(values)
    >>> ledger, at = Ledger(":memory:"), datetime(2026, 6, 30, tzinfo=UTC)
    >>> stocks, bonds = "LCIDX", "BNDIDX"
    >>> prices = pd.Series({stocks: 50.0, bonds: 10.0})
    >>> office = Office(
    ...     ledger.log, "plan", {"chair": "0x1"}, ("chair",), 1, timedelta(0), ("chair",)
    ... )
    >>> ours = SimpleNamespace(
    ...     log=ledger.log,
    ...     ledger=ledger,
    ...     office=office,
    ...     seen=example,
    ...     pins=SimpleNamespace(model="m1"),
    ...     plan=SimpleNamespace(policy=decided),
    ... )
    >>> log = ledger.log
    >>> office.adopt(values, at, "chair")
    >>> certified("m1", at + timedelta(days=300))
    >>> classes = plan_menu.class_assumptions(example)
    >>> model = Model(
    ...     "moderate", {stocks: 0.5, bonds: 0.5}, 4, 0.05, 0.1, 0.5, 0.0, 0.0, "m", "typed"
    ... )
    >>> def found():
    ...     for due in review(ours, "moderate", prices, at):
    ...         print(f"{due.action} {due.rule}: {due.why}")
    >>> def release(assumptions, views):
    ...     suite = Suite((model,), {}, {}, "2026-06-30").to_json()
    ...     said = {"suite": suite, "assumptions": assumptions.to_json(), "views": views}
    ...     body = {"model": quarter.MODEL, "values": said}
    ...     _ = log.append("optimisation", "PortfolioOptimized", at=at, actor="chair", body=body)
    >>> _ = deliver(ledger, deposit("one", {stocks: 1_000_000, bonds: 5_000_000}), at)
    >>> release(classes, {})
    >>> found()
    >>> release(classes.replace(mu=classes.mu + 1e-6, source="a hair more"), {"US": "0" * 64})
    >>> found()
    remake views: new, revised or ended since the release: US
    remake assumptions: they are others than those of the release
    >>> wider = classes.replace(sigma=1.001 * classes.sigma, source="a hair wider")
    >>> release(wider, {})
    >>> found()
    remake assumptions: they are others than those of the release

    With stocks at twice their price the account is off its target, and riskier: the limit lies
    between.

    >>> release(classes, {})
    >>> funds = plan_menu.menu_assumptions(example, classes)
    >>> def risk(weight):
    ...     return funds.risk_of(
    ...         pd.Series({stocks: weight, bonds: 1 - weight}).reindex(funds.labels).fillna(0.0)
    ...     )
    >>> decided["circuit_breakers"] = {"volatility": {"moderate": (risk(0.5) + risk(2 / 3)) / 2}}
    >>> due = review(ours, "moderate", prices * [2, 1], at)
    >>> [(one.action, one.rule) for one in due]
    [('look', 'policy'), ('rebalance', 'drift'), ('remake', 'risk budget')]
    >>> due[1].why[:31]
    'BNDIDX is 0.1667 off target, ba'
    >>> due[2].why.startswith(f"volatility of what is held is {risk(2 / 3):.1%}, the limit ")
    True
    """
    return [
        *_stops(desk, at),
        *_signatures(desk, at),
        *_basis(desk, at),
        *_account(desk, posture, prices, at, returns),
        *_open(desk),
    ]


def _stops(desk: Desk, at: datetime) -> Iterator[Due]:
    if (halt := desk.office.halt) is not None:
        yield Due("look", "halt", f"halted since event {halt.number}: {halt.body['why']}")
    if not desk.log.events("policy", "PolicyAdopted"):
        yield Due("look", "policy", "no policy was adopted in this log")
        return
    try:
        desk.office.check_policy(policy_values(desk.plan.policy))
    except UnapprovedPolicy as error:
        yield Due("look", "policy", str(error))


def _signatures(desk: Desk, at: datetime) -> Iterator[Due]:
    filed = desk.log.events("models", "ModelCertified")
    last = filed[-1].body if filed else None
    if last is None or last["fields"]["model"] != desk.pins.model:
        yield Due("renew", "certificate", f"{NotCertified.__name__}: none names the model in use")
    elif _ends(last["signed"]["message"]["validUntil"], at):
        yield Due("renew", "certificate", _until(last["signed"]["message"]["validUntil"]))
    for event in desk.log.events("views", "ViewAccepted"):
        until = event.body["signed"]["message"]["validUntil"]
        if at.timestamp() <= until and _ends(until, at):
            yield Due("renew", "view", f"{event.body['view']}: {_until(until)}")


def _ends(until: int, at: datetime) -> bool:
    return at.timestamp() + NOTICE.total_seconds() > until


def _until(until: int) -> str:
    return f"ends on {datetime.fromtimestamp(until, UTC):%Y-%m-%d}"


def _basis(desk: Desk, at: datetime) -> Iterator[Due]:
    """Whether what the released portfolios rest on is still what it was."""
    event = released(desk.log)
    if event is None:
        yield Due("remake", "release", "no portfolio was released yet")
        return
    used = event.body["values"]["views"]
    now = {view.name: view.fingerprint for view in inbox.in_force(desk.office, at)}
    if used != now:
        moved = sorted(name for name in {*used, *now} if used.get(name) != now.get(name))
        yield Due("remake", "views", f"new, revised or ended since the release: {', '.join(moved)}")
    then = assumptions_of(event)
    views = inbox.in_force(desk.office, at)
    classes = inbox.expected(desk.seen, plan_menu.class_assumptions(desk.seen), views)
    if classes.labels != then.labels or not (
        np.allclose(classes.mu, then.mu, atol=1e-9) and np.allclose(classes.sigma, then.sigma)
    ):
        yield Due("remake", "assumptions", "they are others than those of the release")


def _account(
    desk: Desk, posture: str, prices: pd.Series, at: datetime, returns: Array | None
) -> Iterator[Due]:
    """Whether what is held is still what was released, and no riskier than allowed."""
    event = released(desk.log)
    if event is None:
        return
    if why := quarter.due(desk, posture, prices, at, returns=returns):
        yield Due("rebalance", desk.plan.policy["rebalance_trigger"], why)
    weights, _, _ = held(desk.ledger, prices)
    funds = plan_menu.menu_assumptions(desk.seen, assumptions_of(event))
    w = weights.reindex(list(funds.labels), fill_value=0.0).to_numpy(float)
    limit = desk.plan.policy["circuit_breakers"]["volatility"][posture]
    if (risk := funds.risk_of(w)) > limit:
        why = f"volatility of what is held is {risk:.1%}, the limit {limit:.1%}"
        yield Due("remake", "risk budget", why)


def _open(desk: Desk) -> Iterator[Due]:
    for rule, event in quarter.open_alerts(desk.log).items():
        told = event.body
        if told["severity"] != "info":
            yield Due("look", "alert", f"{rule}: {told['value']:.3g}, limit {told['limit']:g}")
    for order, state in desk.ledger.states().items():
        if state in OPEN:
            yield Due("look", "settlement", f"order {order[:12]} waits: {state}")
