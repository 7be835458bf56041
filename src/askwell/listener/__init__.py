"""Who is notified of a round."""
