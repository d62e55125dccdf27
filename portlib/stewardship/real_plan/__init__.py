"""A real plan: the methods of this book on what the Thrift Savings Plan publishes."""

from portlib.stewardship.real_plan.as_of import Built, build, came
from portlib.stewardship.real_plan.defaults import long_run, of_funds
from portlib.stewardship.real_plan.published import EQUITY, FUNDS, Published, read
from portlib.stewardship.real_plan.rebalanced import Followed, fall, follow, growth
from portlib.stewardship.real_plan.replication import a_day_late, lateness, on_the_day, switched
from portlib.stewardship.real_plan.seen_weights import distance, marked, seen
from portlib.stewardship.real_plan.staleness import next_day, part_late
from portlib.stewardship.real_plan.watch import ahead_of_losses, measured, rate, spells, watched

__all__ = [
    "EQUITY",
    "FUNDS",
    "Built",
    "Followed",
    "Published",
    "a_day_late",
    "ahead_of_losses",
    "build",
    "came",
    "distance",
    "fall",
    "follow",
    "growth",
    "lateness",
    "long_run",
    "marked",
    "measured",
    "next_day",
    "of_funds",
    "on_the_day",
    "part_late",
    "rate",
    "read",
    "seen",
    "spells",
    "switched",
    "watched",
]
