"""Addresses that need no API key: inbound, pings, installers, health."""
