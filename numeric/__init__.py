"""A theory as NumPy: array programs, source text, training, and checks of gradients."""
