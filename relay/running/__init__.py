"""The processes of a relay, and what an operator sees of them."""
