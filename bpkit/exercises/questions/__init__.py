"""Questions: the bank, what one is made of, how an answer to it is read and judged, and a card of it on a page."""
