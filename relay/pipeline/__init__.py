"""The worker's loop over stored webhooks: claim, open, enrich, normalize, commit, dispatch."""
