"""The pages with sliders: ``bp.apps.training(bp.examples.article)``; each takes an example or a Problem."""

from bpkit.apps.forward import Forward as forward
from bpkit.apps.training import Training as training

__all__ = ["forward", "training"]
