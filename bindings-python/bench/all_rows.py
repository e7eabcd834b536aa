"""Every row, each framework in a process of its own.

Arguments choose: ``all_rows.py django "flask: open"``. ROUNDS=5 for a quick look. Rows on Redis
need REDIS_URL, which ``make bench`` sets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NEEDS = {"flask_session_rows.py": "REDIS_URL"}


def main() -> int:
    failed = 0
    scripts = set(HERE.glob("*_rows.py")) - {Path(__file__)}
    for script in sorted(scripts):
        variable = NEEDS.get(script.name)
        if variable is not None and not os.environ.get(variable):
            print(f"not run, without {variable}: {script.name}", file=sys.stderr)
            continue
        command = [sys.executable, str(script), *sys.argv[1:]]
        failed |= subprocess.run(command, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
