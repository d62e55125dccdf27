"""Estimation: what the optimiser is told about the future, and how sure we are."""
