"""The side-by-side benchmark. `make bench` runs it and writes bench/README.md."""
