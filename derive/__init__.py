"""gradproof: understand the formulas of lecture notes on neural networks, and prove or refute them."""
