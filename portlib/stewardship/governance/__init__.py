"""Governance: who may change what, under whose signature, and which model made a result."""

from portlib.stewardship.governance.approvals import (
    AlreadyDone,
    GovernanceError,
    NotApproved,
    OwnProposal,
    Timelocked,
    UnapprovedPolicy,
)
from portlib.stewardship.governance.circuit_breakers import (
    breaches,
    menu_portfolios,
    risk_limits,
    risk_measures,
)
from portlib.stewardship.governance.office import Office, OptimizationHalted

__all__ = [
    "AlreadyDone",
    "GovernanceError",
    "NotApproved",
    "Office",
    "OptimizationHalted",
    "OwnProposal",
    "Timelocked",
    "UnapprovedPolicy",
    "breaches",
    "menu_portfolios",
    "risk_limits",
    "risk_measures",
]
