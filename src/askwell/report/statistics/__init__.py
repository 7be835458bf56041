"""The statistics of the report: arrays in, numbers out."""
