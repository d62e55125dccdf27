"""Governance: who may change what, under whose signature, and which model made a result."""

from portlib.stewardship.governance.office import (
    AlreadyDone,
    GovernanceError,
    NotApproved,
    Office,
    OptimizationHalted,
    OwnProposal,
    Timelocked,
    UnapprovedPolicy,
    breaches,
    menu_portfolios,
    risk_limits,
    risk_measures,
)

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
