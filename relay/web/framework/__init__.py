"""What every operation of the API shares: its table of routes, keys, limits, reading, answering, describing."""
