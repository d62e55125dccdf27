"""Property tests draw the same examples in every run, so that what passed once passes again.

To search for new ones: ``HYPOTHESIS_PROFILE=search make test``.
"""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("search", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
