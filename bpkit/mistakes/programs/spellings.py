"""How programs spell the arrays of parameters: W1 as w1, weights_1 or syn0, Wh1 as Whh, k1 as kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bpkit.core.architecture import Architecture
from bpkit.core.quantities import Quantity

INPUTS = frozenset("x xs input inputs data features sample samples xtrain a0 x0 xbatch tokens".split())
TARGETS = frozenset("y ys t ts target targets label labels ytrain yt ytrue desired d truth ybatch expected".split())
LETTERS = {"w": "W", "weight": "W", "weights": "W", "theta": "W", "b": "b", "bias": "b", "biases": "b"}
OWN = frozenset("a z h l o s out net delta d da dz dw db layer hidden activation error".split())
CONSTANTS = frozenset("beta betas eps epsilon rho mu lam lambda gamma alpha decay".split())  # of an update rule
# Words for an array, by what it is: its letters in the kit, and for a bias those of the array that it is beside.
WORDS = {
    "Wx": "wx wxh wi wih u wu wxi win wxin wxt wixh",
    "Wh": "wh whh wr wrec w wt whht",
    "W": "w weight wout wo why wy wd dense v wv2 wfc who wfinal whead head fc wlin",
    "row": "e emb embed embedding embeddings table wte lookup we wemb w",
    "k": "k kernel kernels ker filter filters conv wconv kern w wk",
    "g": "g gamma gain gains scale",
    "Wq": "wq q wquery queryw",
    "Wk": "wk k wkey keyw",
    "Wv": "wv v wvalue valuew",
    "b beside Wx": "b bh bhh bx bias bxh brnn",
    "b beside W": "b by bo bout bias c by bd bfc bhead bwhy bfinal",
    "b beside k": "b bk bc bconv bias",
    "b beside g": "b beta betas shift bias bln",
}
# Words for what a model computes, by the tag of it; a gate is called by its letter.
COMPUTED = {
    "net": "z net raw pre dz dnet draw dpre gates zs nets logits",
    "out": "a h hs out outs hidden act s y yhat pred o",
    "hidden": "h hs out hidden hnew hnext ht",
    "cell": "c cell cs cnew cnext ct dcnext",
    "query": "q queries query qs",
    "key": "k keys key ks",
    "value": "v values value vs",
    "score": "s score scores e logits att",
    "share": "a p share shares attn attention att probs weights w alpha softmax",
    "mix": "o out z context y heads output",
    "mean": "mu mean m avg",
    "centred": "xc diff centred centered xmu xm d",
    "variance": "var variance v sigma2",
    "scale": "inv invstd rstd istd ivar",
    "norm": "xhat norm xn n normed normalized z hat xnorm",
    "shifted": "out y n ln norm shifted o",
    "pool": "p pool pooled pools m",
    "skip": "r res out skip y s",
    "embedded": "e emb x embedded embeddings vectors",
}
SLOPES = frozenset("d g n grad grads gradient nabla de dl dj dloss dc delta dedl dldw dedw".split())
NEW = frozenset("new updated next after".split())


def plain(name: str) -> str:
    """A name without its spelling: learning_rate and learningRate are one.

    >>> plain("learning_rate") == plain("learningRate")
    True
    """
    return name.replace("_", "").lower()


def numbered(name: str) -> str:
    """The parameter that a name with a number means: W1 of w1, W_1, weights1; "" of others.

    >>> numbered("w1"), numbered("weights_2"), numbered("bias1"), numbered("net1")
    ('W1', 'W2', 'b1', '')
    """
    word = plain(name)
    stem = word.rstrip("0123456789")
    return f"{LETTERS[stem]}{int(word[len(stem) :])}" if stem in LETTERS and stem != word else ""


def by_number(names: Iterable[str]) -> dict[str, str]:
    """The parameters that names with numbers mean, counted from 1: w1, W_2, syn0 and synapse_1.

    >>> by_number(["syn0", "syn1"])
    {'syn0': 'W1', 'syn1': 'W2'}
    """
    found: dict[str, tuple[str, int]] = {}
    for name in names:
        word = plain(name)
        stem = word.rstrip("0123456789")
        if stem != word and (stem in LETTERS or not stem or stem not in OWN | CONSTANTS | INPUTS | TARGETS):
            found[name] = LETTERS.get(stem, "W"), int(word[len(stem) :])
    least = min((number for _, number in found.values()), default=1)
    return {name: f"{letter}{number + (least == 0)}" for name, (letter, number) in found.items()}


class Layered:
    """The spellings of a network's arrays: a letter and a number."""

    loose = True  # whatever stands before an array's name

    def key(self, word: str) -> str:
        """The array that a word means; "" where it means none, or several."""
        return numbered(word)

    def keys(self, names: Iterable[str]) -> dict[str, str]:
        """The arrays that several names mean together."""
        return by_number(names)


@dataclass(frozen=True)
class Array:
    """An array of a model, as programs may spell it: its own letters, the number of its block, other words."""

    key: str
    stem: str
    number: str
    words: frozenset[str]

    def may_be(self, word: str) -> bool:
        """May a word mean it?"""
        stem = word.rstrip("0123456789")
        return word in self.words or (stem in self.words and word == stem + self.number)


@dataclass(frozen=True)
class Blocks:
    """The spellings of the arrays of a model."""

    arrays: tuple[Array, ...]
    loose = False

    def key(self, word: str) -> str:
        """The array that a word means; "" where it means none, or several."""
        return self.keys([word]).get(word, "")

    def keys(self, names: Iterable[str]) -> dict[str, str]:
        """The arrays that several names mean together: what only one of them can mean is no other's."""
        left, found = [*names], dict[str, str]()
        while left:
            free = [one for one in self.arrays if one.key not in found.values()]
            meant = {name: _meant(plain(name), free) for name in left}
            own = {name: [one for one in meant[name] if one.stem == plain(name)] for name in left}
            sure = next(
                ((name, several[0]) for kind in (meant, own) for name, several in kind.items() if len(several) == 1),
                None,
            )
            if sure is None:
                return found
            found[sure[0]] = sure[1].key
            left.remove(sure[0])
        return found


def _meant(word: str, among: Iterable[Array]) -> list[Array]:
    exact = [one for one in among if one.key.lower() == word]
    return exact or [one for one in among if one.may_be(word)]


def computed(called: str, letter: str, tag: str) -> bool:
    """May a name in a program mean what a model computes, or a derivative with respect to it?

    >>> computed("z", "net", "net"), computed("dz", "net", "net"), computed("x", "net", "net")
    (True, True, False)
    """
    name = called.rpartition(".")[2].partition("[")[0]
    word = "".join(one for one in plain(name) if one.isalpha())
    words = {*COMPUTED.get(tag, "").split(), letter}
    if len(letter) == 1:  # a gate
        words = {letter, f"{letter}t", f"{letter}s", f"{letter}gate"}
    return word in words or (word[:1] == "d" and word[1:] in words)


Spelling = Layered | Blocks


@lru_cache(maxsize=64)
def spelling_of(architecture: Architecture) -> Spelling:
    """How programs spell the arrays of an architecture.

    >>> import bpkit as bp
    >>> spelling_of(bp.Network(2, 1)).key("weights1")
    'W1'
    """
    if architecture.layers:
        return Layered()
    stems: dict[str, tuple[str, str]] = {}
    for key, one in parameters_of(architecture).items():
        block = str(one.block)
        stems[key] = "row" if one.tag == "row" else key.removesuffix(block), block
    found = []
    for key, (stem, block) in stems.items():
        beside = next((other for other, number in stems.values() if number == block and other != stem), "")
        words = WORDS.get(f"{stem} beside {beside}" if stem == "b" else stem, stem.lower())
        found.append(Array(key, stem.lower(), block, frozenset(words.split())))
    return Blocks(tuple(found))


def parameters_of(architecture: Architecture) -> dict[str, Quantity]:
    """One parameter of each array, which says what the array is.

    >>> import bpkit as bp
    >>> {key: one.name for key, one in parameters_of(bp.Network(2, 1)).items()}
    {'W1': 'w1', 'b1': 'b1'}
    """
    known = architecture.lines.parameters
    return {key: known[names.flat[0]] for key, names in architecture.tables.items()}


def biases_of(architecture: Architecture) -> list[str]:
    """The keys of all arrays that hold biases.

    >>> import bpkit as bp
    >>> biases_of(bp.Network(2, 2, 1))
    ['b1', 'b2']
    """
    return [key for key, one in parameters_of(architecture).items() if one.tag == "bias"]


class Named(dict[str, Any]):
    """A dict of arrays that also knows them under the other spellings of a program: w1 for W1."""

    def __init__(self, arrays: Mapping[str, Any], spelling: Spelling, words: Iterable[str]) -> None:
        super().__init__(arrays)
        self.spelling = spelling
        self.known = spelling.keys(words) if isinstance(spelling, Blocks) else {}

    def __missing__(self, key: object) -> Any:
        if isinstance(key, str) and (known := self.known.get(key) or self.spelling.key(key)) in self:
            return self[known]
        raise KeyError(key)


def read_label(label: str, spelling: Spelling) -> tuple[str, bool, bool]:
    """The parameters that a label speaks of, whether it says that they are a gradient, and whether new values: dW1,
    grad_W1 and W1_grad are gradients, W1_new is new.

    >>> read_label("dW1", Layered()), read_label("W1_new", Layered())
    (('W1', True, False), ('W1', False, True))
    """
    word = plain(label.rpartition(".")[2] or label)
    word = "".join(one for one in word if one.isalnum())
    for cut in range(len(word)):
        for end in (len(word), *(len(word) - len(more) for more in ("grad", "gradient", *NEW) if word.endswith(more))):
            before, after = word[:cut], word[end:]
            if not (spelling.loose or before in SLOPES | NEW | {""}):
                continue
            if key := spelling.key(word[cut:end]):
                sloped = after.startswith("grad") or before[:1] in ("d", "g", "n")
                new = before in NEW or after in NEW
                return key, sloped and not new, new
    return "", word[:1] in ("d", "g", "n") and word.endswith(("w", "b")), False  # dw and db of a single layer
