"""Who may change what, whose word counts, and when must the machine stop?

Everything is an event of the audit log, and the state is read off the log: what is halted,
approved, in force. A change of policy is proposed, approved by at least m of n signing roles other
than the proposer, and then waits:

    enacted at t   only if   #{roles that approved} >= m   and   t >= (time of the m-th approval) +
    timelock

An optimisation whose risk passes a limit of the policy halts; a halt is lifted by m approvals of
that very halt. Clocks are supplied by the caller, and the log refuses one that moves back. A
refusal is an event too.

Left out: whether those who sign have read what they sign, whether a limit is wise, and the law's
judgement of either.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from portlib import policy as decisions
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import Infeasible
from portlib.construction.views import View, ViewError
from portlib.data import DataError
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.retirement import model_portfolios, plan_menu
from portlib.retirement.plan_menu import engine
from portlib.schema import is_number
from portlib.stewardship.audit_log import AuditLog, Event, canonical
from portlib.stewardship.governance import signatures
from portlib.stewardship.governance.model_registry import Result
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


class OptimizationHalted(GovernanceError):
    """A risk measure passed its limit, and nobody has lifted the halt; names measures, values and
    limits."""


#: A measure that passes its limit by less than this passes it by rounding.
ROUNDING = 1e-12
#: What is written down as a refusal; anything else is a fault of the program and leaves no event.
_REFUSED = (GovernanceError, SignatureError, ViewError, Infeasible, NotSolved)


# ---- what is guarded, and its limits -------------------------------------------------------------


def menu_portfolios(plan: Plan) -> dict[str, Any]:
    """The best portfolio of the plan's menu in each posture that has one: weights by fund, mean and
    risk (annual)."""
    classes = plan_menu.class_assumptions(plan)
    funds = plan_menu.menu_assumptions(plan, classes)
    found = {}
    for posture in model_portfolios.postures(plan.policy):
        rules = plan_menu.menu_mandate(plan, posture, classes)
        try:
            best = engine.best(
                plan,
                funds,
                rules,
                risk_aversion=plan.policy["model_risk_aversion"][posture],
                classes=classes,
            ).allocation
        except Infeasible:
            continue
        found[posture] = {"weights": best.weights.to_dict(), "mean": best.mean, "risk": best.risk}
    return found


def risk_measures(
    portfolios: Mapping[str, Any], rf: float, held: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """By name: each portfolio's volatility, the highest Sharpe ratio, and the largest turnover from
    those `held`.

    A Sharpe ratio too good to be true is the commonest sign of a wrong input.
    """
    volatility = {f"{name} volatility": float(p["risk"]) for name, p in portfolios.items()}
    sharpe = max(((p["mean"] - rf) / p["risk"] for p in portfolios.values()), default=math.nan)
    moved = [
        sum(
            abs(p["weights"].get(f, 0.0) - held[name]["weights"].get(f, 0.0))
            for f in {*p["weights"], *held[name]["weights"]}
        )
        / 2
        for name, p in portfolios.items()
        if held and name in held
    ]
    return {**volatility, "Sharpe ratio": float(sharpe), "turnover": max(moved, default=0.0)}


def risk_limits(portfolios: Mapping[str, Any], *, policy: Policy) -> dict[str, float]:
    """The policy's limits for those measures."""
    limits = policy["circuit_breakers"]
    volatility = {f"{name} volatility": limits["volatility"][name] for name in portfolios}
    return {**volatility, "Sharpe ratio": limits["sharpe"], "turnover": limits["turnover"]}


def breaches(
    measured: Mapping[str, float], limits: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Measures beyond their limits: name to (value, limit). A value that is not a finite number is
    beyond any limit.

    GovernanceError where there is no limit at all, a limit is no finite number, or has no measure:
    a limit that nothing is held against does not protect.
    """
    if not limits:
        raise GovernanceError("no limits are given: nothing is released unguarded")
    for name, limit in limits.items():
        if (
            isinstance(limit, bool)
            or not isinstance(limit, (int, float))
            or not math.isfinite(limit)
        ):
            raise GovernanceError(f"{name}: its limit is {limit!r}; give a number")
    if lost := sorted(set(limits) - set(measured)):
        raise GovernanceError(f"not measured, though limited: {', '.join(lost)}")
    return {
        name: (float(measured[name]), float(limit))
        for name, limit in limits.items()
        if not (math.isfinite(measured[name]) and measured[name] <= limit + ROUNDING)
    }


# ---- the office ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Office:
    """Whoever keeps a plan's log, with the addresses of its roles and the rules of approval.

    Parameters
    ----------
    log : AuditLog
    plan : fingerprint of the plan, which every signature names.
    roster : address by role.
    signers : the n roles whose approval counts.
    needed : m, how many of them must approve.
    timelock : how long an approved change of policy waits.
    view_authors : roles whose views are heard.
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

    @classmethod
    def of_policy(
        cls, log: AuditLog, plan: str, roster: Mapping[str, str], *, policy: Policy
    ) -> Office:
        """The office as the committee's policy sets it up."""
        return cls(
            log,
            plan,
            roster,
            tuple(policy["approval_roles"]),
            policy["approvals_needed"],
            timedelta(hours=policy["policy_timelock_hours"]),
            tuple(policy["view_authors"]),
        )

    def one_person(self, a: str, b: str) -> bool:
        """Whether two roles are one, however they are spelt, or share a key."""
        address = {same(role): same(key) for role, key in self.roster.items()}
        keys = address.get(same(a)), address.get(same(b))
        return same(a) == same(b) or (keys[0] is not None and keys[0] == keys[1])

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
        signatures.verify(
            signed, {role: self.roster[role] for role in roles}, plan=self.plan, at=at
        )
        signatures.in_turn(signed, self.used(signed.role))
        return {"role": signed.role, "nonce": signed.nonce, "signed": signed.to_json()}

    # ---- views

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

    # ---- approvals, policy

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
        """Propose another value for a policy entry; GovernanceError for an unknown entry, the
        value in force, or one that the policy's schema refuses."""
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
            opens = self._quorum(number).at + self.timelock
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

    def _quorum(self, number: int) -> Event:
        given = self.approvals(number)
        if len(given) < self.needed:
            who = ", ".join(e.body["role"] for e in given) or "nobody"
            raise NotApproved(
                f"event {number}: approved by {who}; {self.needed} of {len(self.signers)} roles "
                f"must"
            )
        return given[self.needed - 1]

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

    # ---- optimisation

    @property
    def halt(self) -> Event | None:
        """The halt that nobody has lifted, or None."""
        events = [e for e in self.log.events("risk") if e.name in ("Halted", "Resumed")]
        return events[-1] if events and events[-1].name == "Halted" else None

    def optimize(
        self,
        make: Callable[[], Result],
        measure: Callable[[Mapping[str, Any]], Mapping[str, float]],
        limits: Mapping[str, float],
        at: datetime,
        actor: str = "portlib",
    ) -> Result:
        """Make a result, unless halted, and release it only if every measure of it is within its
        limit.

        Raises `OptimizationHalted`; and what `make` raises, after an event that says so.
        """
        with self.refusing("optimisation", "OptimisationRefused", at, actor, {}):
            if self.halt:
                raise OptimizationHalted(
                    f"halted since event {self.halt.number}: {self.halt.body['why']}"
                )
            made = make()
            beyond = breaches(measure(made.values), limits)
            for name, (value, limit) in beyond.items():
                body = {
                    "measure": name,
                    "value": value if math.isfinite(value) else str(value),
                    "limit": limit,
                }
                self.log.append("risk", "ConstraintBreached", at=at, actor=actor, body=body)
            why = "; ".join(
                f"{name} is {value:.4g}, limit {limit:.4g}"
                for name, (value, limit) in beyond.items()
            )
            if beyond:
                self.log.append(
                    "risk", "Halted", at=at, actor=actor, body={"why": why, "model": made.model}
                )
                raise OptimizationHalted(f"{made.model}: {why}")
            self.log.append(
                "optimisation",
                "PortfolioOptimized",
                at=at,
                actor=actor,
                body={"model": made.model, "digest": made.digest, "pins": asdict(made.pins)},
            )
        return made

    def resume(self, at: datetime, actor: str) -> None:
        """Lift the halt; `NotApproved` until enough roles approved that very halt, GovernanceError
        without one."""
        with self.refusing("risk", "ResumeRefused", at, actor, {}):
            if self.halt is None:
                raise GovernanceError("nothing is halted")
            self._quorum(self.halt.number)
            self.log.append("risk", "Resumed", at=at, actor=actor, body={"of": self.halt.number})


def same(text: str) -> str:
    """A role or an address as one spelling: case, spaces and invisible characters say nothing."""
    shown = unicodedata.normalize("NFKC", str(text))
    return "".join(c for c in shown if c.isalnum()).casefold()


def _allowed(now: Mapping[str, Any], entry: str, value: Any) -> None:
    """GovernanceError for a value that the policy's schema refuses beside the others in force.

    An entry that no schema knows keeps its kind and its sign.
    """
    ours = decisions.read()
    if entry in ours.entries:
        try:
            ours.replace(**{n: v for n, v in now.items() if n in ours.entries} | {entry: value})
        except DataError as error:
            raise GovernanceError(f"policy {entry}: {error}") from error
        return
    number = is_number(now[entry])
    if is_number(value) != number or (number and now[entry] >= 0 > value):
        raise GovernanceError(f"policy {entry}: {value!r} is of another kind than {now[entry]!r}")
