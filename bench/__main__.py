"""`make bench`: accuracy, themes, coded exports, taxonomies, mails, masking, reading, figures, frontier, depth, speed.

`python -m bench [PART …]`. Each part runs in a process of its own: what one has loaded is neither in another's memory
figures nor in its threads, and a part that fails is named at the end and stops no other.
"""

from __future__ import annotations

import subprocess
import sys

PARTS = (
    "quality",
    "themes",
    "coded",
    "taxonomy",
    "channels",
    "privacy",
    "readers",
    "figures",
    "frontier",
    "depth",
    "speed",
)


def failed(part: str) -> bool:
    """Whether the part, which prints what it finds, ends in an error."""
    print(f"\n== bench.{part}", flush=True)
    return subprocess.run([sys.executable, "-m", f"bench.{part}"], check=False).returncode != 0


def main(parts: list[str]) -> int:
    """Run the parts (all, if none is named) in turn; 1 if any failed."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"There is no part {', '.join(unknown)}; choose among {', '.join(PARTS)}")
        return 2
    broken = [part for part in parts or PARTS if failed(part)]
    if broken:
        print(f"\nFailed: {', '.join(broken)}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
