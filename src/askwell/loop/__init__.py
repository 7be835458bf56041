"""One run: rounds of training, evaluation and queries."""
