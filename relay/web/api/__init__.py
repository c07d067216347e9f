"""The API under `/api/v1`: a file for each resource."""
