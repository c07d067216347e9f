"""What is done around a release: what it is made of."""
