"""From an event to whoever wants it: match, sign, send, judge, send again."""
