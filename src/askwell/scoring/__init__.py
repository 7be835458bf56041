"""The fast forward pass over many images, and what is measured with it."""
