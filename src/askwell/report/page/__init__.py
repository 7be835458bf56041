"""What every page shares: blocks, wording, drawing, templates, and where it may be written."""
