"""The network's eyes on many images."""
