"""Contributions: how much must be saved, and what a plan's design does about it."""

from portlib.retirement.contributions.decisions import Decision, rank
from portlib.retirement.contributions.limits import Room, room
from portlib.retirement.contributions.plan_design import Design, automatic_faults, compare, cost
from portlib.retirement.contributions.solving import LEVERS, Lever, Solution, solve, solve_for

__all__ = [
    "LEVERS",
    "Decision",
    "Design",
    "Lever",
    "Room",
    "Solution",
    "automatic_faults",
    "compare",
    "cost",
    "rank",
    "room",
    "solve",
    "solve_for",
]
