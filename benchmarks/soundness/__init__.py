"""Soundness: documents made at random, with true and with false claims, and an oracle that shares no code with gradproof."""
