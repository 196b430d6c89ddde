"""The lessons' predictions by name, as data: what is asked, and how the answer and its reason are computed.

They live here and not in the lessons, where the cell above the question would show the answer. No answer is typed:
each is computed from the problem that the lesson is about.
"""

from collections.abc import Mapping

from bpkit.apps.questions import further, one_network
from bpkit.apps.questions.prediction import Question as Question

QUESTIONS: Mapping[str, Question] = {**one_network.QUESTIONS, **further.QUESTIONS}
