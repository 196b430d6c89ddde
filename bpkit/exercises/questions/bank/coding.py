"""Functions to write in NumPy, tried on networks that are not shown; marking never runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bpkit.core.derivation import derive
from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate, loss_over
from bpkit.core.problem import Problem
from bpkit.exercises.questions.exercise import Content, Question, Solution
from bpkit.exercises.questions.friendly_problems import draw_problem
from bpkit.exercises.questions.parts import Wrong
from bpkit.exercises.questions.slips import told
from bpkit.exercises.questions.streams import stream
from bpkit.exercises.questions.task import Task
from bpkit.exercises.questions.written import FunctionPart
from bpkit.mistakes.programs.review import review

Array = NDArray[np.float64]
STEP = 1e-5
SIZES = {"easy": ((2, 1, 1),), "medium": ((2, 3, 2), (3, 2, 1)), "hard": ((2, 3, 2), (4, 3, 3), (3, 5, 2))}
REVEALS = (
    "forgets the output slope",
    "forgets the hidden slope",
    "swaps the sign of the error",
    "doubles the gradient",
    "leaves the bias out",
    "adds the gradient",
    "forgets the learning rate",
    "divides by one step",
)


@dataclass(frozen=True)
class Model:
    """A function that does what a question asks, or does it with a mistake; shown by its name."""

    name: str
    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __repr__(self) -> str:
        return f"a function that does it: {self.name}"


def _names(network: Network) -> list[NDArray[np.str_]]:
    """The parameters' names laid out as W1, b1, W2, b2: a row for each source, a column for each target."""
    found = []
    for before, after in zip(network.layers, network.layers[1:]):
        found.append(np.array([[network.weight_of[source, target] for target in after] for source in before]))
        found.append(np.array([network.bias_of[target] for target in after]))
    return found


def _arrays(problem: Problem, of: Callable[[str], float]) -> list[Array]:
    return [np.vectorize(of, otypes=[float])(names) for names in _names(layered(problem.network, "code"))]


def _problem(x: Array, y: Array, *parameters: Array) -> Problem:
    """The arguments of a learner's function, as a problem of the kit."""
    first, _, second, _ = parameters
    network = Network(first.shape[0], first.shape[1], second.shape[1], bias="neuron")
    numbers: dict[str, float] = {}
    for names, values in zip(_names(network), parameters, strict=True):
        numbers.update(zip(names.ravel().tolist(), np.ravel(values).tolist(), strict=True))
    return Problem(network, numbers, x, y)


def _forward(x: Array, *parameters: Array) -> Array:
    problem = _problem(x, np.zeros(parameters[-1].shape), *parameters)
    values = evaluate(problem)
    return np.array([values[f"out_{o}"] for o in problem.network.outputs])


def _backward(x: Array, y: Array, *parameters: Array) -> list[Array]:
    problem = _problem(x, y, *parameters)
    values = evaluate(problem)
    return _arrays(problem, lambda name: values[f"dE_total/d{name}"])


def _update(parameters: Sequence[Array], gradients: Sequence[Array], rate: float) -> list[Array]:
    pairs = zip(parameters, gradients, strict=True)
    return [np.vectorize(lambda w, g: _updated(w, g, rate), otypes=[float])(p, g) for p, g in pairs]


def _updated(weight: float, slope: float, rate: float) -> float:
    """The update line on a network of one weight whose slope is the given one: input 1, target out - slope."""
    problem = Problem(Network(1, 1, activation="identity", bias="none"), {"w1": weight}, [1.0], [weight - slope], rate)
    return float(evaluate(problem)["w1_new"])


@dataclass(frozen=True)
class Stepping:
    """A learner's update(parameters, gradients, rate) as a program that gets a problem, so that it can be reviewed."""

    func: Callable[..., Any]

    def __call__(self, x: Array, y: Array, W1: Array, b1: Array, W2: Array, b2: Array, learning_rate: float) -> Any:
        parameters = [W1, b1, W2, b2]
        gradients = _backward(x, y, *parameters)
        new = self.func(parameters, gradients, learning_rate)
        return parameters if new is None else new


def _quotients(slip: str = "") -> Callable[..., Array]:
    def gradient_check(loss: Callable[[Array], float], w: Array, h: float = STEP) -> Array:
        w = np.array(w, dtype=float)
        nudges = h * np.eye(len(w))
        return np.array([(loss(w + nudge) - loss(w - nudge)) / (h if slip else 2 * h) for nudge in nudges])

    return gradient_check


@lru_cache(maxsize=16)
def _trials(level: str) -> tuple[Problem, ...]:
    """The networks that a function is tried on; no learner's numbers depend on them."""
    rng = stream(0, "trials", "code " + level)
    return tuple(draw_problem(rng, Network(*sizes, bias="neuron")) for sizes in SIZES[level] * 2)


def _loss_of(problem: Problem) -> tuple[Callable[[Array], float], Array]:
    """The loss as a function of the weights into the first layer, and where it is looked at."""
    network = layered(problem.network, "code")
    names = list(network.weights)[: network.sizes[0]]
    at = np.array([problem.parameters[name] for name in names])
    return lambda w: float(loss_over(problem, **dict(zip(names, map(float, w), strict=True)))), at


def _draw(rng: np.random.Generator, level: str) -> Task:
    sizes = SIZES[level][int(rng.integers(len(SIZES[level])))]
    return Task("code", (draw_problem(rng, Network(*sizes, bias="neuron")),), {"level": level})


def _told(words: Mapping[str, Wrong], *names: str) -> tuple[Wrong, ...]:
    """Mistakes by their names; the review finds them in a function."""
    return tuple(replace(words[name], detail="") for name in names)


def _build(task: Task) -> Content:
    tried = _trials(task.about["level"])
    parameters = [_arrays(one, lambda name, one=one: one.parameters[name]) for one in tried]  # type: ignore[misc]
    slopes = [_backward(one.inputs, one.targets, *arrays) for one, arrays in zip(tried, parameters)]
    words = {one.name: one for one in told(derive(tried[0].network))}
    once = Wrong(
        "divides by one step", "the two places are 2h apart, not h", Model("divides by one step", _quotients("h"))
    )
    parts = (
        FunctionPart(
            "`forward(x, W1, b1, W2, b2)`: the outputs, an array with one number for each output",
            Model("forward", _forward),
            tuple((one.inputs, *arrays) for one, arrays in zip(tried, parameters)),
            reviewed=partial(review, returns="outputs", layout="x @ W"),
            known=_told(words, "leaves the bias out"),
        ),
        FunctionPart(
            "`backward(x, y, W1, b1, W2, b2)`: the derivatives of the loss, `[dW1, db1, dW2, db2]` in those shapes",
            Model("backward", _backward),
            tuple((one.inputs, one.targets, *arrays) for one, arrays in zip(tried, parameters)),
            reviewed=partial(review, returns="gradients", layout="x @ W"),
            known=_told(words, *REVEALS[:4]),
            points=2.0,
        ),
        FunctionPart(
            "`update(parameters, gradients, rate)`: the list of the new arrays after one step of gradient descent",
            Model("update", _update),
            tuple((arrays, steps, 0.5) for arrays, steps in zip(parameters, slopes)),
            reviewed=lambda update: review(Stepping(update), returns="parameters", layout="x @ W"),
            known=_told(words, *REVEALS[5:7]),
        ),
        FunctionPart(
            "`gradient_check(loss, w, h=1e-5)`: an array with (loss(w + h) - loss(w - h)) / 2h for each entry of `w`",
            Model("gradient_check", _quotients()),
            tuple((*_loss_of(one), STEP) for one in tried),
            known=(once,),
        ),
    )
    network = task.network
    text = lambda: (
        "Write four functions for networks with one hidden layer, sigmoid everywhere and "
        "the loss $\\sum \\frac{1}{2}(y - out)^2$. `W1` has a row for each input and a column for each hidden neuron, "
        "`b1` a number for each hidden neuron; `W2` and `b2` likewise with the outputs. `x` and `y` are one sample. "
        f"The kit tests your functions on networks of several sizes, such as {', '.join(map(str, network.sizes))}."
    )

    def solve() -> Solution:
        matrices = derive(network).matrices()
        said = "The rules in matrices, one sample being a batch with one row:"
        return Solution((said, matrices._repr_latex_(), f"As Python:\n\n```python\n{matrices.source()}```"))

    return Content(text, parts, solve)


QUESTIONS = (Question("code", "code", "Backpropagation in NumPy", _draw, _build, REVEALS),)
