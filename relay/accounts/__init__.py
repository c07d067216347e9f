"""What an operator sets up: sources, hooks and keys. The API and the command line both come here."""
