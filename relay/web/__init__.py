"""Everything that speaks HTTP: the API, the addresses that providers post to, and pages for people."""
