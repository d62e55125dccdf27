"""Who may change what, whose word counts, and when must the machine stop?

The office keeps a plan's log. Whose word counts is in `approvals`, how the policy changes in
`policy_changes`; here, when the machine stops. An optimisation whose risk passes a limit of the
policy (`circuit_breakers`) halts; a halt is lifted by m approvals of that very halt::

    released   only if   no halt stands   and   every measure <= its limit

Left out: the law's judgement of any of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from portlib.policy import Policy
from portlib.stewardship.audit_log import AuditLog, Event
from portlib.stewardship.governance.approvals import GovernanceError
from portlib.stewardship.governance.circuit_breakers import breaches
from portlib.stewardship.governance.model_registry import Result
from portlib.stewardship.governance.policy_changes import PolicyChanges


class OptimizationHalted(GovernanceError):
    """A risk measure passed its limit, and nobody has lifted the halt; names measures, values and
    limits."""


class Office(PolicyChanges):
    """Whoever keeps a plan's log, with the addresses of its roles and the rules of approval.

    Examples
    --------
    A result beyond its limit halts the machine, and the halt stands.

    >>> from datetime import UTC
    >>> from portlib.stewardship.governance.model_registry import Pins, result
    >>> roster = {"chair": "0x1"}
    >>> office = Office(AuditLog(), "plan", roster, ("chair",), 1, timedelta(0), ())
    >>> made = result("toy", {"risk": 0.3}, Pins("code", "data", "policy", "plan"), 6)
    >>> at = datetime(2026, 11, 29, tzinfo=UTC)
    >>> office.optimize(lambda: made, lambda values: values, {"risk": 0.2}, at)
    Traceback (most recent call last):
    portlib.stewardship.governance.office.OptimizationHalted: toy: risk is 0.3, limit 0.2
    >>> office.halt.name, office.halt.body["why"]
    ('Halted', 'risk is 0.3, limit 0.2')

    It goes on in ``office.md``.
    """

    @classmethod
    def of_policy(
        cls, log: AuditLog, plan: str, roster: Mapping[str, str], *, policy: Policy
    ) -> Office:
        """The office as the committee's policy sets it up.

        Examples
        --------
        >>> decided = {"approval_roles": ["chair", "counsel"], "approvals_needed": 2}
        >>> decided |= {"policy_timelock_hours": 36, "view_authors": ["counsel"]}
        >>> ours = Office.of_policy(
        ...     AuditLog(), "plan", {"chair": "0x1", "counsel": "0x2"}, policy=decided
        ... )
        >>> ours.signers, ours.needed, ours.timelock == timedelta(days=1.5), ours.view_authors
        (('chair', 'counsel'), 2, True, ('counsel',))
        """
        return cls(
            log,
            plan,
            roster,
            tuple(policy["approval_roles"]),
            policy["approvals_needed"],
            timedelta(hours=policy["policy_timelock_hours"]),
            tuple(policy["view_authors"]),
        )

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

        Parameters
        ----------
        make : callable
            Makes the result.
        measure : callable
            From the result's values to measures by name.
        limits : mapping
            By the same names, in the measures' units.
        at : datetime
            Now, with its zone.
        actor : str
            Who asks.

        Returns
        -------
        Result

        Raises
        ------
        OptimizationHalted
            Where a halt stands, or a measure is beyond its limit; and what `make` raises, after an
            event that says so.
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
                body={
                    "model": made.model,
                    "digest": made.digest,
                    "pins": asdict(made.pins),
                    "values": dict(made.values),
                },
            )
        return made

    def resume(self, at: datetime, actor: str) -> None:
        """Lift the halt; `NotApproved` until enough roles approved that very halt, GovernanceError
        without one."""
        with self.refusing("risk", "ResumeRefused", at, actor, {}):
            if self.halt is None:
                raise GovernanceError("nothing is halted")
            self.quorum(self.halt.number)
            self.log.append("risk", "Resumed", at=at, actor=actor, body={"of": self.halt.number})
