"""From image files to pixels that can be fetched by index."""
