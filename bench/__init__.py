"""How fast is it, and against what? One script a question; `make bench` runs them all."""
