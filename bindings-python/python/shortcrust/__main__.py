"""``python -m shortcrust``: the command-line tool, where its own command is not on the path."""

import sys

from ._tool import main

sys.exit(main())
