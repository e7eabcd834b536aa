"""What others test with.

The contract of a store is in :mod:`shortcrust.testing.stores`; what the tests of an application
need is in :mod:`shortcrust.testing.sessions`.
"""

from __future__ import annotations

import sys

# So that a failure shows both sides, as in a test of one's own.
if "pytest" in sys.modules:
    sys.modules["pytest"].register_assert_rewrite(f"{__name__}.stores")
