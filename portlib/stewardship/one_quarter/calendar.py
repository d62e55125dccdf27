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

    It goes on in ``calendar.md``.
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
    newest = {event.body["view"]: event for event in desk.log.events("views", "ViewAccepted")}
    for event in newest.values():
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
        np.allclose(classes.mu, then.mu, atol=1e-9)
        and np.allclose(classes.sigma, then.sigma)
        and np.isclose(classes.rf, then.rf, atol=1e-9)
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
    if strange := [str(fund) for fund in weights.index if fund not in funds.labels]:
        why = f"held, and not on the menu, so that their risk is not known: {', '.join(strange)}"
        yield Due("look", "holdings", why)
        return
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
