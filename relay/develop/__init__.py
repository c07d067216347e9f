"""For those who work on the relay or a provider: samples, vectors, demo, scaffold, derived files, the Make app."""
