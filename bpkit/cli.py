"""The command line: ``bpkit lab`` opens a lesson."""

from __future__ import annotations

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bpkit")
def main() -> None:
    """Backpropagation, taught in Jupyter."""
