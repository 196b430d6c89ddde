"""Every form in which learners were seen to write an answer: what the cell is, and what is to be read in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMS = json.loads((Path(__file__).parent / "exercises" / "answers.json").read_text(encoding="utf-8"))["cells"]
# More of the same kinds.
MORE = [
    ('answers["2"] = "dE/dw5 = 0.07045"', 0.07045),
    ('answers["2"] = "0.1409/2"', 0.07045),
    ('answers["2"] = "7.045x10^-2"', 0.07045),
    ('answers["2"] = "7.045·10⁻²"', 0.07045),
    ('answers["2"] = "0.1409 * 0.5"', 0.07045),
    ('answers["2"] = round(0.0704512, 5)', 0.07045),
    ('a = b = 0.1409\nanswers["2"] = a / 2', 0.07045),
    ('a, b = 0.1409, 0.5\nanswers["2"] = a * b', 0.07045),
    ('import math\nanswers["2"] = math.sqrt(0.0049632025)', 0.07045),
    ('%%time\nanswers["2"] = 0.07045', 0.07045),
    ('%config InteractiveShell.ast_node_interactivity = "last_expr"\nanswers["2"] = 0.07045', 0.07045),
    ('?len\nlen?\nmath.sqrt??\nanswers["2"] = 0.07045', 0.07045),
    ('here = %pwd\nfiles = !ls\nanswers["2"] = 0.07045', 0.07045),
    ('x = 0.07045\nx = %pwd\nanswers["2"] = x', "unreadable"),
    ('answers["2"] = 0.07045  # why?', 0.07045),
    ('answers["2"] = (0.07045)', 0.07045),
    ("answers['2'] = +0.07045;", 0.07045),
    ('answers["2"] = (\n    0.1409\n    * 0.5\n)', 0.07045),
    ('for x in [0.07045]:\n    answers["2"] = x', "look"),
    ('x = 0.5\nfor x in [0.07045]:\n    pass\nanswers["2"] = x', "look"),
    ('def f():\n    return 0.07045\nanswers["2"] = f()', "look"),
    ('answers |= {"2": 0.07045}', "look"),
    ('answers["2"] = 0.5\nanswers.update({"2": 0.07045})', "look"),
    ('answers.update(dict([("2", 0.07045)]))', "look"),
    ('answers["2"] = np.array([0.07045])', "unreadable"),
    ('answers["2"] = True', "unreadable"),
    ('answers["2"] = 0,5', "unreadable"),
    ('answers["2"] = float("nan")', "unreadable"),
]
FORMS += [{"asked": "number", "right": "0.07045", "cell": cell, "read": read} for cell, read in MORE]


def key_of(form: Mapping[str, Any]) -> str:
    """The key that the cell answers."""
    return next(key for key in ("3a", "3b", "4c", "5a", "2") if f'"{key}"' in form["cell"] or key == "2")
