"""What is notified of each round: files, screen, progress, snapshots."""
