"""Which runs may be compared, and what each of them measured."""
