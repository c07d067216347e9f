"""The only reader of `schemas/`: event types with their fields, and actions with what they take and give."""
