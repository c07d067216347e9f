"""Waking workers, and knowing that they live. Redis is transport: losing all of it loses nothing."""
