"""What others test with: for now the contract of a store, in :mod:`shortcrust.testing.stores`."""

from __future__ import annotations

import sys

# So that a failure shows both sides, as in a test of one's own.
if "pytest" in sys.modules:
    sys.modules["pytest"].register_assert_rewrite(f"{__name__}.stores")
