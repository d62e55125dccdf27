"""Construction: from assumptions and a mandate to weights."""
