"""gradproof: reads notes on neural networks and proves or refutes each formula from the notes' own definitions."""

__version__ = "0.1.0"
