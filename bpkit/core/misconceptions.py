"""The catalogue of misconceptions: every mistake's name and sentence, the simplest explanations first."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType

from bpkit.core.derivation import Derivation
from bpkit.core.derive import derive
from bpkit.core.network import Network
from bpkit.core.rewrites import Misconception
from bpkit.core.slips import forward, loss, paths, slopes, update
from bpkit.core.slips.places import Shapes

Rule = tuple[str, str, Callable[[Derivation], Shapes]]

# Slips in the answer alone: the right number, of something that was not asked.
_OF_ANSWER: tuple[Rule, ...] = (
    (
        "gives the derivative in place of the new value",
        "the update is missing: the new value is the old one minus the learning rate times this derivative",
        update.derivative_as_value,
    ),
    (
        "gives the new value in place of the derivative",
        "the derivative was asked, and this is the parameter after its update",
        update.value_as_derivative,
    ),
    (
        "gives the change in place of what was asked",
        "learning rate times derivative is the change of the parameter, neither its derivative nor its new value",
        update.change_as_value,
    ),
    (
        "takes the neighbour's derivative",
        "this is the derivative by another parameter: follow the chain from the one that was asked",
        paths.neighbours_derivative,
    ),
)
_OF_METHOD: tuple[Rule, ...] = (
    (
        "adds the gradient",
        "the update subtracts: adding the gradient climbs the loss in place of descending it",
        update.gradient_added,
    ),
    (
        "forgets the learning rate",
        "the derivative is multiplied by the learning rate before it is subtracted",
        update.rate_forgotten,
    ),
    (
        "keeps the old value",
        "this is what it was before the update: subtract the learning rate times the derivative",
        update.value_kept,
    ),
    (
        "forgets the output slope",
        "the error reaches the output neuron's net input through its activation: the factor dout/dnet is missing",
        slopes.output_slope_forgotten,
    ),
    (
        "forgets the hidden slope",
        "the way back through a hidden neuron passes its activation: the factor dout/dnet is missing",
        slopes.hidden_slope_forgotten,
    ),
    (
        "swaps the sign of the error",
        "the slope of the error is output minus target, not target minus output",
        loss.error_sign,
    ),
    (
        "doubles the gradient",
        "the half in the loss cancels the two of its derivative: left out, everything comes out doubled",
        loss.doubled,
    ),
    (
        "halves the gradient",
        "a half stands here that this loss does not have, or that its derivative cancels",
        loss.halved,
    ),
    (
        "follows only one path",
        "the parameter reaches the loss by several paths and their contributions add up: only one was followed",
        paths.one_path,
    ),
    (
        "uses the already updated weights",
        "all derivatives belong to the old weights: the later layer was updated first and its new weights were used",
        update.already_updated,
    ),
    (
        "takes the slope at net",
        "the slope's formula is written in the neuron's output, and was filled with its net input",
        slopes.slope_at_net,
    ),
    (
        "applies the slope function to out",
        "the slope function wants the net input, and was given the output: the activation is then applied once more",
        slopes.slope_of_out,
    ),
    (
        "leaves out the input factor",
        "the derivative by a weight is the delta times what the weight multiplies: that factor is missing",
        paths.input_left_out,
    ),
    (
        "leaves out the weight on a path",
        "the way back from a neuron to the one before it passes their weight: that factor is missing",
        paths.path_weight_left_out,
    ),
    (
        "does not transpose the weights backward",
        "going back, the weights of one hidden neuron are those that leave it, not those of the neuron after it",
        paths.not_transposed,
    ),
    (
        "transposes the weights forward",
        "the weights were laid down with rows for columns: each then joins another pair of neurons",
        forward.forward_transposed,
    ),
    (
        "takes the weights in the order of their numbers",
        "this network is wired otherwise: which neurons a weight joins is read from the drawing, not from its number",
        forward.order_of_numbers,
    ),
    ("leaves the bias out", "the net input ends with the bias", forward.bias_left_out),
    ("takes another layer's bias", "each layer has its own bias", forward.other_bias),
    ("takes another neuron's bias", "each neuron has its own bias", forward.other_neurons_bias),
    (
        "passes net on in place of out",
        "a neuron passes on its output, the activation of its net input, not the net input itself",
        forward.net_passed_on,
    ),
    ("swaps the targets", "each output is compared with its own target", loss.targets_swapped),
    (
        "takes the mean in place of the sum",
        "the contributions add up: they are not divided by their number",
        loss.mean_of_outputs,
    ),
    (
        "takes the sum in place of the mean",
        "this loss is a mean: the sum is divided by the number of its terms",
        loss.sum_of_outputs,
    ),
    ("updates the biases", "this problem keeps its biases as they are", update.biases_updated),
    ("keeps the biases", "in this problem the biases learn as the weights do", update.biases_kept),
    (
        "counts one output's error only",
        "the loss is the errors of all outputs together",
        loss.one_error_only,
    ),
    (
        "passes the error back in place of the delta",
        "what travels back along a weight is the delta, the slope included, not the error",
        paths.raw_error_back,
    ),
    (
        "counts the output slope twice",
        "the slope of the output is in this delta already",
        slopes.output_slope_twice,
    ),
    (
        "takes only the diagonal of the softmax slope",
        "each net input of a softmax moves every output, not only its own",
        slopes.softmax_diagonal,
    ),
    (
        "leaves out the second half of the cross-entropy",
        "the part of the target 0, (1 - y) ln(1 - out), is missing",
        loss.half_of_cross_entropy,
    ),
    (
        "takes the error in place of its slope",
        "what goes back is the slope of the loss in the output, not the loss itself",
        loss.loss_as_slope,
    ),
    ("forgets the square", "the error is squared before it is added", loss.square_forgotten),
    (
        "uses the sigmoid's slope",
        "out (1 - out) is the slope of the sigmoid; another activation has another",
        slopes.sigmoids_slope,
    ),
    (
        "takes a part of the slope",
        "the slope of the sigmoid is out times (1 - out), both factors",
        slopes.part_of_slope,
    ),
    ("takes another neuron's slope", "each neuron's slope is taken at its own output", slopes.other_neurons_slope),
    (
        "loses the minus in the exponent",
        "the sigmoid is 1/(1 + e^-net): without the minus it falls where it should rise",
        forward.exponent_sign,
    ),
    (
        "applies the activation twice",
        "the output is the activation of the net input, once",
        forward.activation_twice,
    ),
    ("swaps the inputs", "each weight multiplies the input that it comes from", forward.inputs_swapped),
    ("leaves out a term of the net input", "every neuron before it adds its product", forward.term_left_out),
    ("adds the bias more than once", "the bias is added once, not with each product", forward.bias_repeated),
    ("multiplies the bias", "the bias is added as it is: its input is 1", forward.bias_multiplied),
    (
        "takes the parameter for its own factor",
        "the derivative by a weight holds what the weight multiplies, not the weight; a bias multiplies 1",
        paths.weight_as_factor,
    ),
    (
        "multiplies the bias derivative by the input",
        "a bias multiplies nothing but 1: its derivative is the delta alone",
        paths.bias_times_input,
    ),
    (
        "sums the deltas of the layer for each bias",
        "a bias that feeds one neuron has that neuron's delta for its derivative",
        paths.deltas_summed,
    ),
)


@lru_cache(maxsize=64)
def catalogue(network: Network) -> tuple[Misconception, ...]:
    """Every misconception as it looks on a network, the simplest explanations first.

    Those that come in several shapes stand once for each, under the same name.
    """
    derivation = derive(network)
    found = []
    for rules, of_answer in ((_OF_METHOD[:2], False), (_OF_ANSWER, True), (_OF_METHOD[2:], False)):
        for name, sentence, shapes in rules:
            for detail, edits in shapes(derivation):
                if edits:
                    found.append(Misconception(name, sentence, detail, MappingProxyType(edits), of_answer))
    return tuple(found)
