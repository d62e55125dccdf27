"""Whose word counts, and how many words does a step need?

Everything is an event of the audit log, and the state is read off the log. A statement is signed,
verified, and counts once; an approval names the very event that it approves by its digest; of n
signing roles other than the proposer at least m must have approved. A refusal is an event too.

Left out: whether those who sign have read what they sign.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portlib.construction.engines import NotSolved
from portlib.construction.mandate import Infeasible
from portlib.construction.views import View, ViewError
from portlib.ranges import among
from portlib.stewardship.audit_log import AuditLog, Event
from portlib.stewardship.governance import signatures
from portlib.stewardship.governance.signatures import OutOfOrder, SignatureError, Signed, WrongKey


class GovernanceError(ValueError):
    """Something that may not be done, or not yet; names it and what it waits for."""


class NotApproved(GovernanceError):
    """Fewer roles have approved than must."""


class Timelocked(GovernanceError):
    """Approved, but the waiting time is not over."""


class AlreadyDone(GovernanceError):
    """Enacted, lifted or approved by that role before."""


class OwnProposal(GovernanceError):
    """A role that would approve what it proposed."""


class UnapprovedPolicy(GovernanceError):
    """Policy values in force that no event of the log put there; names them."""


#: What is written down as a refusal; anything else is a fault of the program and leaves no event.
_REFUSED = (GovernanceError, SignatureError, ViewError, Infeasible, NotSolved)


@dataclass(frozen=True)
class Approvals:
    """Whoever keeps a plan's log, with the addresses of its roles and the rules of approval.

    Parameters
    ----------
    log : AuditLog
    plan : str
        Fingerprint of the plan, which every signature names.
    roster : mapping
        Address by role.
    signers : tuple of str
        The n roles whose approval counts.
    needed : int
        M, how many of them must approve.
    timelock : timedelta
        How long an approved change of policy waits.
    view_authors : tuple of str
        Roles whose views are heard.

    Raises
    ------
    GovernanceError
        For more approvals than roles, a wait below zero, a role without an address, and two signing
        roles that are one or share a key.

    Examples
    --------
    Two roles that share a key are one person, however they are spelt.

    >>> roster = {"chair": "0x1", "trustee": "0x1", "counsel": "0x2"}
    >>> kept = Approvals(AuditLog(), "plan", roster, ("chair", "counsel"), 2, timedelta(0), ())
    >>> kept.one_person("Chair ", "trustee"), kept.one_person("chair", "counsel")
    (True, False)
    >>> kept.one_person("nobody", "noone")  # who both have no key
    False

    It goes on in ``approvals.md``.
    """

    log: AuditLog
    plan: str
    roster: Mapping[str, str]
    signers: tuple[str, ...]
    needed: int
    timelock: timedelta
    view_authors: tuple[str, ...]

    def __post_init__(self) -> None:
        roles = {same(role) for role in self.signers}
        if type(self.needed) is not int or not 1 <= self.needed <= len(roles):
            raise GovernanceError(
                f"{self.needed!r} approvals of {len(roles)} roles cannot be asked; give a whole "
                f"number"
            )
        if not timedelta(0) <= self.timelock:
            raise GovernanceError(f"a timelock of {self.timelock} is in the past")
        asked = (*self.signers, *self.view_authors)
        if unknown := [role for role in asked if not self.roster.get(role)]:
            raise GovernanceError(f"no address for {', '.join(unknown)}")
        if len(roles) < len(self.signers):
            raise GovernanceError("a signing role is named twice: it would count twice")
        if len({same(self.roster[role]) for role in self.signers}) < len(roles):
            raise GovernanceError("two signing roles share a key: one person would count twice")

    def one_person(self, a: str, b: str) -> bool:
        """`one_person` by this office's roster."""
        return one_person(a, b, self.roster)

    @contextmanager
    def refusing(
        self, topic: str, name: str, at: datetime, actor: str, body: Mapping[str, Any]
    ) -> Iterator[None]:
        """One step of the log: what is done inside, or else an event that says why it was
        refused."""
        refused: ValueError | None = None
        with self.log.transaction():
            try:
                yield
            except _REFUSED as error:
                refused = error
                why = {"why": type(error).__name__, "message": str(error)}
                self.log.append(topic, name, at=at, actor=actor, body={**body, **why})
        if refused is not None:
            raise refused

    def used(self, role: str) -> list[int]:
        """The numbers that a role's accepted statements have used."""
        return [
            e.body["nonce"]
            for e in self.log.events()
            if e.body.get("role") == role and "signed" in e.body
        ]

    def heard(self, signed: Signed, roles: Sequence[str], at: datetime) -> dict[str, Any]:
        """Verify a statement and its turn; return what the log keeps of it, enough to verify it
        again."""
        among("key of", roles, self.roster, error=SignatureError)
        signatures.verify(
            signed, {role: self.roster[role] for role in roles}, plan=self.plan, at=at
        )
        signatures.in_turn(signed, self.used(signed.role))
        return {"role": signed.role, "nonce": signed.nonce, "signed": signed.to_json()}

    def accept_view(self, signed: Signed, at: datetime) -> View:
        """The view that was signed, once: refused by name if altered, by another key, expired,
        replayed or outdated.

        Raises `Altered`, `WrongKey`, `NotYetValid`, `Expired`, `Replayed`, `OutOfOrder`, or
        ViewError.
        """
        claimed = {"claimed by": signed.role, "number": signed.nonce}
        with self.refusing("views", "ViewRefused", at, "portlib", claimed):
            heard = self.heard(signed, self.view_authors, at)
            view = signatures.view_of(signed)
            if view.author != signed.role:
                raise WrongKey(
                    f"view {view.name!r} is by {view.author}, and {signed.role} signed it"
                )
            accepted = self.log.events("views", "ViewAccepted")
            last = max(
                [e.body["version"] for e in accepted if e.body["view"] == view.name], default=0
            )
            if view.version <= last:
                raise OutOfOrder(
                    f"view {view.name!r}: version {view.version} after {last}; revise it first"
                )
            body = {
                "view": view.name,
                "version": view.version,
                "fingerprint": view.fingerprint,
                **heard,
            }
            self.log.append("views", "ViewAccepted", at=at, actor=signed.role, body=body)
        return view

    def approve(self, signed: Signed, at: datetime) -> Event:
        """Count a signed approval of an event, which it names by its digest: a proposed change, or
        a halt.

        Raises what `signatures.verify` does, `Replayed`, `OutOfOrder`, `AlreadyDone` for a second
        approval by one role, `OwnProposal`, and GovernanceError where no such event stands.
        """
        with self.refusing("policy", "ApprovalRefused", at, "portlib", {"claimed by": signed.role}):
            if signed.kind != "Approval":
                raise SignatureError(f"a statement of kind {signed.kind} approves nothing")
            heard = self.heard(signed, self.signers, at)
            named = signed.message["content"].hex()
            about = [
                e
                for e in self.log.events()
                if e.link.digest == named and e.name in ("PolicyChangeProposed", "Halted")
            ]
            if not about:
                raise GovernanceError(
                    f"approval by {signed.role}: no proposal or halt has digest {named[:12]}"
                )
            subject = about[0]
            if subject.name == "PolicyChangeProposed" and self.one_person(
                subject.actor, signed.role
            ):
                raise OwnProposal(
                    f"{signed.role} proposed event {subject.number} and may not approve it"
                )
            given = [e.body["role"] for e in self.approvals(subject.number)]
            if any(self.one_person(role, signed.role) for role in given):
                raise AlreadyDone(
                    f"{signed.role} has approved event {subject.number}; a role counts once"
                )
            event = self.log.append(
                "policy", "Approved", at=at, actor=signed.role, body={"of": subject.number, **heard}
            )
        return event

    def approvals(self, number: int) -> list[Event]:
        """Approvals of an event, in order."""
        return [e for e in self.log.events("policy", "Approved") if e.body["of"] == number]

    def quorum(self, number: int) -> Event:
        """The approval that made an event's quorum; `NotApproved` before there is one.

        A role that may sign no longer does not count, whenever it approved.
        """
        given = [e for e in self.approvals(number) if e.body["role"] in self.signers]
        if len(given) < self.needed:
            who = ", ".join(e.body["role"] for e in given) or "nobody"
            raise NotApproved(
                f"event {number}: approved by {who}; {self.needed} of {len(self.signers)} roles "
                f"must"
            )
        return given[self.needed - 1]


def one_person(a: str, b: str, roster: Mapping[str, str]) -> bool:
    """Whether two roles are one, however they are spelt, or share a key.

    Parameters
    ----------
    a, b : str
        Roles.
    roster : mapping
        The address of each role's key.

    Examples
    --------
    Who have no key are not the same for that:

    >>> roster = {"chair": "0xA1", "Trustee": "0xa1", "counsel": "0xB2"}
    >>> [one_person("chair", other, roster) for other in ("Chair ", "trustee", "counsel", "none")]
    [True, True, False, False]
    >>> one_person("nobody", "noone", roster)
    False
    """
    address = {same(role): same(key) for role, key in roster.items()}
    keys = address.get(same(a)), address.get(same(b))
    return same(a) == same(b) or (keys[0] is not None and keys[0] == keys[1])


def same(text: str) -> str:
    """A role or an address as one spelling: case, spaces and invisible characters say nothing.

    Examples
    --------
    >>> same("Plan\\u200b Chair "), same("plan-chair"), same("ＣＨＡＩＲ 2")
    ('planchair', 'planchair', 'chair2')
    """
    shown = unicodedata.normalize("NFKC", str(text))
    return "".join(c for c in shown if c.isalnum()).casefold()
