"""Property tests draw the same examples in every run, so that what passed once passes again.

To search for new ones: ``HYPOTHESIS_PROFILE=search make test``. Unit tests are about portlib and
the example plan, whichever plan the book is made for.
"""

import os

from hypothesis import settings

os.environ.pop("PRUDENT_PLAN", None)

settings.register_profile("repeatable", derandomize=True, deadline=None)  # no assertion is timed
settings.register_profile("search", print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
