"""What a group of runs shows, in numbers and sentences, and what is wrong with it."""
