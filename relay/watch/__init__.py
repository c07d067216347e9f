"""What is looked at because nobody posts it."""
