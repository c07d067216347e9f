"""The Make app in `connectors/make`: checked by rules, and brought to Make over its API."""
