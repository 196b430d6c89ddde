"""The pages with sliders: ``bp.apps.training(bp.examples.article)``; each takes an example or a Problem.

What a slider does, code can do: ``app.set(w1=0.3)``. The text twin, ``print(app)``, says in words what is drawn.

Shapes: any network; where its size matters to the picture, the app says so. Units: none.
Errors: ``BpkitError`` for what is neither; one that a slider leads to stands on the app's own message line.
Source: every app reads the lines of ``bpkit.derive``.

>>> import bpkit as bp
>>> app = bp.apps.training(bp.examples.article)
>>> app.set(rate=2)
>>> app.state.problem.learning_rate
2.0
"""

from bpkit.apps.ask import Ask as ask
from bpkit.apps.attention import AttentionApp as attention
from bpkit.apps.boundary import Boundary as boundary
from bpkit.apps.chain import Chain as chain
from bpkit.apps.classes import Classes as classes
from bpkit.apps.cost import CostApp as cost
from bpkit.apps.depth import Depth as depth
from bpkit.apps.descent import Descent as descent
from bpkit.apps.detective import Detective as detective
from bpkit.apps.forward import Forward as forward
from bpkit.apps.gradient_check import GradientCheck as gradient_check
from bpkit.apps.kept import KeptApp as kept
from bpkit.apps.neuron import Neuron as neuron
from bpkit.apps.paths import PathView as paths
from bpkit.apps.predict import Predict as predict
from bpkit.apps.progress import Progress as progress
from bpkit.apps.recalculate import Recalculate as recalculate
from bpkit.apps.rules import Rules as rules
from bpkit.apps.shapes import Shapes as shapes
from bpkit.apps.stepper import Stepper as stepper
from bpkit.apps.surface import Surface as surface
from bpkit.apps.training import Training as training
from bpkit.apps.variety import Variety as variety
from bpkit.core.errors import suggest as _suggest

__all__ = [
    "ask",
    "attention",
    "boundary",
    "chain",
    "classes",
    "cost",
    "depth",
    "descent",
    "detective",
    "forward",
    "gradient_check",
    "kept",
    "neuron",
    "paths",
    "predict",
    "progress",
    "recalculate",
    "rules",
    "shapes",
    "stepper",
    "surface",
    "training",
    "variety",
]


def __getattr__(name: str) -> object:
    raise AttributeError(f"bpkit.apps has no {name!r}{_suggest(name, __all__)}")
