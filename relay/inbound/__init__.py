"""From a post to our events: prove, keep, look up what is missing, normalize."""
