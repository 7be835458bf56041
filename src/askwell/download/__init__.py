"""Downloads of data sets."""
