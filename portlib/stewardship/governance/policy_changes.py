"""How does the policy change: proposed, approved by others, and after a wait?

A change of policy is proposed, approved by at least m of n signing roles other than the proposer,
and then waits::

    enacted at t   only if   #{roles that approved} >= m   and   t >= (time of the m-th approval) +
    timelock

Clocks are supplied by the caller, and the log refuses one that moves back. Left out: whether a
change is wise, beyond what the policy's schema says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portlib import policy as decisions
from portlib.data import DataError
from portlib.schema import is_number
from portlib.stewardship.audit_log import Event, canonical
from portlib.stewardship.governance.approvals import (
    AlreadyDone,
    Approvals,
    GovernanceError,
    Timelocked,
    UnapprovedPolicy,
)
from portlib.stewardship.governance.signatures import OutOfOrder


class PolicyChanges(Approvals):
    """The policy in force, read off a log, and the way by which it changes.

    Examples
    --------
    A proposal changes nothing until it is approved and its wait is over.

    >>> from datetime import UTC, timedelta
    >>> from portlib.stewardship.audit_log import AuditLog
    >>> roster = {"chair": "0x1", "trustee": "0x2"}
    >>> wait = timedelta(days=7)
    >>> kept = PolicyChanges(AuditLog(), "plan", roster, ("chair", "trustee"), 1, wait, ())
    >>> at = datetime(2026, 11, 29, tzinfo=UTC)
    >>> kept.adopt({"house_cap": 0.4}, at, "chair")
    >>> kept.propose("house_cap", 0.5, "room for the index fund", at, "chair").name
    'PolicyChangeProposed'
    >>> kept.policy_in_force()
    {'house_cap': 0.4}

    It goes on in ``policy_changes.md``.
    """

    def adopt(self, values: Mapping[str, Any], at: datetime, actor: str) -> None:
        """Write down the policy from which changes are counted; once, before anything is
        changed."""
        if self.log.events("policy", "PolicyAdopted"):
            raise AlreadyDone("a policy was adopted before; change it by proposals")
        self.log.append(
            "policy", "PolicyAdopted", at=at, actor=actor, body={"values": dict(values)}
        )

    def policy_in_force(self) -> dict[str, Any]:
        """The values that the log says are in force: those adopted, and every change enacted
        since."""
        adopted = self.log.events("policy", "PolicyAdopted")
        if not adopted:
            raise GovernanceError("no policy was adopted: adopt one first")
        changes = {
            e.body["entry"]: e.body["value"] for e in self.log.events("policy", "PolicyChanged")
        }
        return {**adopted[0].body["values"], **changes}

    def propose(self, entry: str, value: Any, reason: str, at: datetime, actor: str) -> Event:
        """Propose another value for a policy entry.

        Parameters
        ----------
        entry : str
            Its name.
        value : plain data
            What it is to be.
        reason : str
            Why; not blank.
        at : datetime
            Now, with its zone.
        actor : str
            The role that proposes, whose own approval does not count.

        Returns
        -------
        Event

        Raises
        ------
        GovernanceError
            For an unknown entry, the value in force, no reason, or a value that the policy's schema
            refuses.
        """
        body = {"entry": entry, "value": value, "reason": reason}
        with self.refusing("policy", "PolicyChangeRefused", at, actor, body):
            now = self.policy_in_force()
            if entry not in now or canonical(now[entry]) == canonical(value) or not reason.strip():
                what = (
                    "there is no such entry"
                    if entry not in now
                    else "it has that value, or no reason is given"
                )
                raise GovernanceError(f"policy {entry}: {what}")
            _allowed(now, entry, value)
            event = self.log.append(
                "policy",
                "PolicyChangeProposed",
                at=at,
                actor=actor,
                body={**body, "from": now[entry]},
            )
        return event

    def enact(self, number: int, at: datetime) -> Event:
        """Put a proposed change into force.

        Raises `NotApproved`, `Timelocked`, `AlreadyDone`, and `OutOfOrder` where the entry was
        changed since.
        """
        with self.refusing("policy", "PolicyChangeRefused", at, "portlib", {"of": number}):
            proposed = next(
                (
                    e
                    for e in self.log.events("policy", "PolicyChangeProposed")
                    if e.number == number
                ),
                None,
            )
            if proposed is None:
                raise GovernanceError(f"event {number} proposes no change of policy")
            if number in [e.body["of"] for e in self.log.events("policy", "PolicyChanged")]:
                raise AlreadyDone(f"the change proposed in event {number} is in force")
            opens = self.quorum(number).at + self.timelock
            if at < opens:
                raise Timelocked(
                    f"the change proposed in event {number} waits until {opens:%Y-%m-%d %H:%M} UTC"
                )
            change = proposed.body
            if canonical(self.policy_in_force()[change["entry"]]) != canonical(change["from"]):
                raise OutOfOrder(
                    f"policy {change['entry']} was changed after event {number}; propose it again"
                )
            body = {"of": number, "entry": change["entry"], "value": change["value"]}
            event = self.log.append("policy", "PolicyChanged", at=at, actor="portlib", body=body)
        return event

    def check_policy(self, values: Mapping[str, Any]) -> None:
        """`UnapprovedPolicy`, naming entries, unless the values (`policy_values` of a policy) are
        the log's."""
        kept = self.policy_in_force()
        found = values
        wrong = [
            name
            for name in sorted(set(kept) | set(found))
            if name not in kept
            or name not in found
            or canonical(kept[name]) != canonical(found[name])
        ]
        if wrong:
            raise UnapprovedPolicy(
                f"changed without an event of the log: {', '.join(wrong)}; restore or propose them"
            )


def _allowed(now: Mapping[str, Any], entry: str, value: Any) -> None:
    """GovernanceError for a value that the policy's schema refuses beside the others in force.

    An entry that no schema knows keeps its kind and its sign.
    """
    ours = decisions.read()
    house = {str(c) for name in ("equity_classes", "stress_proxies") for c in now.get(name, ())}
    house -= {*ours["equity_classes"], *ours["stress_proxies"]}
    ours = dataclasses.replace(ours, classes=tuple(sorted(house)))
    if entry in ours.entries:
        try:
            ours.replace(**{n: v for n, v in now.items() if n in ours.entries} | {entry: value})
        except DataError as error:
            raise GovernanceError(f"policy {entry}: {error}") from error
        return
    number = is_number(now[entry])
    if is_number(value) != number or (number and now[entry] >= 0 > value):
        raise GovernanceError(f"policy {entry}: {value!r} is of another kind than {now[entry]!r}")
