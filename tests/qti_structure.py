"""The stated structure of IMS QTI 1.2 and Content Packaging 1.1, as far as a quiz of numbers and words uses it.

The published schemas may not be passed on with other software, so their rules for these elements are written down here
in the notation of a DTD: what may stand in an element, in which order, and which attributes it may and must have.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

_TEST = "(not | and | or | unanswered | other | varequal | varlt | varlte | vargt | vargte | varsubset)"
_MATERIAL = "(mattext | matemtext | matimage | matbreak)+"
_ENTRIES = "qticomment?, duration?, qtimetadata*, objectives*, rubric*, presentation_material?, outcomes_processing*"

# Element: what stands in it ("text": words alone; "any": anything).
CONTENT = {
    "questestinterop": "qticomment?, (objectbank | assessment | (section | item)+)",
    "assessment": f"{_ENTRIES}, assessfeedback*, selection_ordering?, reference?, (sectionref | section)+",
    "section": f"{_ENTRIES}, sectionfeedback*, selection_ordering?, reference?, "
    "(itemref | item | sectionref | section)*",
    "selection_ordering": "qticomment?, sequence_parameter*, selection*, order?",
    "selection": "sourcebank_ref?, selection_number?, selection_metadata?, "
    "(and_selection | or_selection | not_selection | selection_extension)?",
    "selection_number": "text",
    "selection_extension": "any",
    "qtimetadata": "vocabulary?, qtimetadatafield+",
    "qtimetadatafield": "fieldlabel, fieldentry",
    "fieldlabel": "text",
    "fieldentry": "text",
    "item": "qticomment?, duration?, itemmetadata?, objectives*, itemcontrol*, itemprecondition*, itempostcondition*, "
    "(itemrubric | rubric)*, presentation?, resprocessing*, itemproc_extension?, itemfeedback*, reference?",
    "itemmetadata": "qtimetadata*",
    "presentation": "qticomment?, (flow | (material | response_lid | response_str | response_num)+)",
    "material": f"qticomment?, {_MATERIAL}, altmaterial*",
    "mattext": "text",
    "response_str": "material?, (render_choice | render_fib | render_extension), material?",
    "response_lid": "material?, (render_choice | render_fib | render_extension), material?",
    "render_choice": "(material | response_label | flow_label)*, response_na?",
    "render_fib": "(material | response_label | flow_label)*, response_na?",
    "response_label": "(qticomment | material | flow_mat)*",
    "resprocessing": "qticomment?, outcomes, (respcondition | itemproc_extension)+",
    "outcomes": "qticomment?, (decvar, interpretvar*)+",
    "decvar": "text",
    "respcondition": "qticomment?, conditionvar, setvar*, displayfeedback*, respcond_extension?",
    "conditionvar": f"{_TEST}+",
    "or": f"{_TEST}+",
    "and": f"{_TEST}+",
    "not": _TEST,
    "other": "text",
    "varequal": "text",
    "vargte": "text",
    "varlte": "text",
    "setvar": "text",
    "displayfeedback": "text",
    "itemfeedback": "(flow_mat | material | solution | hint)+",
    "flow_mat": "qticomment?, (flow_mat | material | material_ref)+",
    # The package's manifest.
    "manifest": "metadata?, organizations, resources, manifest*",
    "metadata": "schema?, schemaversion?",
    "schema": "text",
    "schemaversion": "text",
    "organizations": "organization*",
    "resources": "resource*",
    "resource": "metadata?, file*, dependency*",
    "file": "metadata?",
}
# Element: its attributes; "!" marks one that must be there, "=" the values that it may have.
ATTRIBUTES = {
    "assessment": "ident! title",
    "section": "ident! title",
    "selection_ordering": "sequence_type",
    "item": "maxattempts label ident! title",
    "material": "label",
    "mattext": "texttype label charset uri",
    "response_str": "rcardinality=Single|Multiple|Ordered ident! rtiming=Yes|No",
    "response_lid": "rcardinality=Single|Multiple|Ordered ident! rtiming=Yes|No",
    "render_choice": "shuffle=Yes|No minnumber maxnumber",
    "render_fib": "encoding fibtype=String|Integer|Decimal|Scientific rows maxchars prompt columns",
    "response_label": "rshuffle=Yes|No ident!",
    "decvar": "varname vartype=Integer|String|Decimal|Scientific|Boolean|Enumerated|Set defaultval minvalue maxvalue",
    "respcondition": "continue=Yes|No title",
    "varequal": "case=Yes|No respident! index",
    "vargte": "respident! index",
    "varlte": "respident! index",
    "setvar": "varname action=Set|Add|Subtract|Multiply|Divide",
    "displayfeedback": "feedbacktype=Response|Solution|Hint linkrefid!",
    "itemfeedback": "view ident! title",
    "flow_mat": "class",
    "manifest": "identifier! version",
    "resource": "identifier! type! href",
    "file": "href!",
}


def wrong_in(root: ET.Element, namespace: str) -> list[str]:
    """What does not keep to the structure, below an element and in its links; nothing for one that is right."""
    return [*_walk(root, namespace), *_links(root, namespace)]


def _walk(node: ET.Element, namespace: str) -> Iterator[str]:
    name = node.tag.removeprefix(f"{{{namespace}}}")
    if name not in CONTENT:
        yield f"{name} is no element of it"
        return
    yield from _attributes(name, dict(node.attrib))
    model = CONTENT[name]
    if model == "any":
        return
    inside = [child.tag.removeprefix(f"{{{namespace}}}") for child in node]
    words = "".join([node.text or "", *(child.tail or "" for child in node)])
    if model == "text" and inside:
        yield f"{name} holds {inside}, expected text"
    if model != "text" and words.strip():
        yield f"{name} holds {words.strip()[:40]!r}, expected {model}"
    # Each name ends in a semicolon, in the model's pattern and in what is compared with it.
    pattern = re.sub(r"[\s,]", "", re.sub(r"\w+", r"(?:\g<0>;)", model))
    if model != "text" and not re.fullmatch(pattern, "".join(f"{one};" for one in inside)):
        yield f"{name} holds {inside}, expected {model}"
    for child in node:
        yield from _walk(child, namespace)


def _attributes(name: str, found: dict[str, str]) -> Iterator[str]:
    known = {}
    for word in ATTRIBUTES.get(name, "").split():
        attribute, _, values = word.partition("=")
        known[attribute.rstrip("!")] = values.split("|") if values else []
        if attribute.endswith("!") and not found.get(attribute.rstrip("!")):
            yield f"{name} lacks {attribute.rstrip('!')}"
    for attribute, value in found.items():
        if attribute not in known or (known[attribute] and value not in known[attribute]):
            yield f"{name} has {attribute}={value!r}"


def _links(root: ET.Element, namespace: str) -> Iterator[str]:
    """Names that are there twice, and references to names that are not there."""
    tag = lambda name: f"{{{namespace}}}{name}"
    for kind in ("section", "item"):
        names = [node.get("ident") for node in root.iter(tag(kind))]
        yield from (f"{kind} {name} is there twice" for name in {n for n in names if names.count(n) > 1})
    for item in root.iter(tag("item")):
        given = {
            "linkrefid": [node.get("ident") for node in item.iter(tag("itemfeedback"))],
            "respident": [n.get("ident") for kind in ("response_str", "response_lid") for n in item.iter(tag(kind))],
        }
        for node in item.iter():
            for attribute, names in given.items():
                link = node.get(attribute)
                if link is not None and names.count(link) != 1:
                    yield f"{attribute} {link} names nothing in {names}"
        labels = [label.get("ident") for choice in item.iter(tag("render_choice")) for label in choice]
        chosen = [node.text for node in item.iter(tag("varequal")) if labels]
        yield from (f"{one} is no choice of {labels}" for one in chosen if labels.count(one) != 1)
