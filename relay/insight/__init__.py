"""What follows from the events: records of what is known by now."""
