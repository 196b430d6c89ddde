"""The mathematics: networks, the derivation and everything that is computed from it."""
