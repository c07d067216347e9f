"""Pages for people. No script, nothing from outside."""
