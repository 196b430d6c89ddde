"""The look of every picture: colours after Okabe and Ito, that colour-blind people tell apart, dark enough on white.

Colour is never the only sign: a negative number is also dashed, a large one thick, a lit part ringed.
"""

POSITIVE = "#0072B2"  # blue
NEGATIVE = "#C44E00"  # vermilion, darkened until small text in it has a contrast of 4.5 to 1 on white
LIT = "#F0B400"  # amber, only ever as a ring or a band behind something dark
INK = "#1F2328"
FAINT = "#59636E"
LINE = "#D0D7DE"
PAPER = "#FFFFFF"
FILL = "#F3F6FA"
FOG = "#D5D8DB"

# The same on dark paper.
DARK = {
    POSITIVE: "#58B4F0",
    NEGATIVE: "#FF9A57",
    LIT: "#F0B400",
    INK: "#E6EDF3",
    FAINT: "#9DA7B3",
    LINE: "#3A434D",
    PAPER: "#14181D",
    FILL: "#1E252D",
    FOG: "#4A525B",
    "#007A5A": "#3FC79A",
    "#8A3EA8": "#D29BF0",
    "#C7E0F0": "#1F4F78",
    "#E4E6E8": "#2F363E",
}

FONT = "font-family='system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif'"

# The lines of a plot that shows several runs: colour, dash pattern (matplotlib's) and words for the text twin.
RUNS = ((POSITIVE, "-", "solid blue"), (NEGATIVE, "--", "dashed vermilion"), ("#007A5A", ":", "dotted green"))
# Two losses beside each other look the same wherever they meet: cross-entropy, half the squared error.
LOSS_RUNS = (("#8A3EA8", "-", "solid purple"), ("#6B5A00", "--", "dashed olive"))
