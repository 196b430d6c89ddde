"""``python -m bpkit`` is the command ``bpkit``."""

from bpkit.cli import main

main(prog_name="bpkit")
