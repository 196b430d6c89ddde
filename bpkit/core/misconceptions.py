"""The catalogue of misconceptions: every mistake as it looks on a network, the simplest explanations first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import MappingProxyType

from bpkit.core.derivation import Derivation, derive
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.rewrites import Misconception
from bpkit.core.slips import forward, loss, paths, slopes, update
from bpkit.core.slips.places import Rule

_OF_UPDATE = (update.gradient_added, update.rate_forgotten, update.value_kept)
# Slips in the answer alone: the right number, of something that was not asked.
_OF_ANSWER = (
    update.derivative_as_value,
    update.value_as_derivative,
    update.change_as_value,
    paths.neighbours_derivative,
)
_OF_METHOD = (
    slopes.output_slope_forgotten,
    slopes.hidden_slope_forgotten,
    loss.error_sign,
    loss.doubled,
    loss.doubled_otherwise,
    loss.halved,
    loss.half_forgotten,
    loss.loss_doubled,
    loss.loss_halved,
    paths.one_path,
    update.already_updated,
    slopes.slope_at_net,
    slopes.slope_of_out,
    paths.input_left_out,
    paths.path_weight_left_out,
    paths.not_transposed,
    forward.forward_transposed,
    forward.order_of_numbers,
    forward.bias_left_out,
    forward.other_bias,
    forward.other_neurons_bias,
    forward.net_passed_on,
    loss.targets_swapped,
    loss.mean_of_outputs,
    loss.sum_of_outputs,
    update.biases_updated,
    update.biases_kept,
    loss.one_error_only,
    paths.raw_error_back,
    slopes.output_slope_twice,
    slopes.softmax_diagonal,
    loss.half_of_cross_entropy,
    loss.loss_as_slope,
    loss.square_forgotten,
    slopes.sigmoids_slope,
    slopes.part_of_slope,
    slopes.other_neurons_slope,
    forward.exponent_sign,
    forward.activation_twice,
    forward.inputs_swapped,
    forward.term_left_out,
    forward.bias_repeated,
    forward.bias_multiplied,
    paths.weight_as_factor,
    paths.bias_times_input,
    paths.deltas_summed,
)
# They show in what comes after updates, and are nothing else than another mistake before.
_OF_TRAINING = (
    update.hidden_kept,
    update.output_kept,
    loss.both_doubled,
    loss.both_doubled_otherwise,
    loss.both_halved,
)


Model = Network | Problem | Derivation


@lru_cache(maxsize=128)
def catalogue(model: Model) -> tuple[Misconception, ...]:
    """Every misconception as it looks on the lines of a model, the simplest explanations first.

    Those that come in several shapes stand once for each, under the same name.
    """
    if not isinstance(model, Derivation):
        return catalogue(derive(model))
    method = sorted(_OF_METHOD, key=lambda rule: _far_fetched(rule, model.network))
    return (*_on(model, _OF_UPDATE), *_on(model, _OF_ANSWER, of_answer=True), *_on(model, method))


@lru_cache(maxsize=128)
def catalogue_of_training(model: Model) -> tuple[Misconception, ...]:
    """The misconceptions that show after updates alone."""
    return tuple(_on(model if isinstance(model, Derivation) else derive(model), _OF_TRAINING))


def _far_fetched(rule: Rule, network: Network) -> bool:
    """Where no neuron is a sigmoid, hardly anybody takes its slope."""
    return rule is slopes.sigmoids_slope and not any(one.name == "sigmoid" for one in network.activations)


def _on(d: Derivation, rules: Iterable[Rule], of_answer: bool = False) -> Iterator[Misconception]:
    for rule in rules:
        for detail, found in rule(d):
            if edits := {name: edit for name, edit in found.items() if name in d.by_name}:
                yield Misconception(rule.name, rule.you, rule.sentence, detail, MappingProxyType(edits), of_answer)
