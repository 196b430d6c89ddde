"""The pages with sliders: ``bp.apps.training(bp.examples.article)``; each takes an example or a Problem."""

from bpkit.apps.ask import Ask as ask
from bpkit.apps.boundary import Boundary as boundary
from bpkit.apps.chain import Chain as chain
from bpkit.apps.cost import CostApp as cost
from bpkit.apps.depth import Depth as depth
from bpkit.apps.descent import Descent as descent
from bpkit.apps.detective import Detective as detective
from bpkit.apps.forward import Forward as forward
from bpkit.apps.gradient_check import GradientCheck as gradient_check
from bpkit.apps.neuron import Neuron as neuron
from bpkit.apps.paths import PathView as paths
from bpkit.apps.predict import Predict as predict
from bpkit.apps.stepper import Stepper as stepper
from bpkit.apps.surface import Surface as surface
from bpkit.apps.training import Training as training

__all__ = [
    "ask",
    "boundary",
    "chain",
    "cost",
    "depth",
    "descent",
    "detective",
    "forward",
    "gradient_check",
    "neuron",
    "paths",
    "predict",
    "stepper",
    "surface",
    "training",
]
