"""Powers of ten as labels of an axis."""

from __future__ import annotations

from matplotlib.ticker import LogFormatter

from bpkit.show.plots import RAISED


class Powers(LogFormatter):
    """Powers of ten in plain letters, 10⁻⁵ or 2·10⁻⁵: as the formulas that Matplotlib writes they take far longer."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        if not super().__call__(x, pos):  # so many labels would run into each other
            return ""
        mantissa, exponent = f"{x:.0e}".split("e")
        power = f"10{str(int(exponent)).translate(RAISED)}"
        return power if mantissa == "1" else f"{mantissa}·{power}"
