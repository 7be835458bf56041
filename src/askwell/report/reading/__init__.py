"""Run folders, possibly a stranger's, as tables: bounded, checked and safe to show."""
