"""All that a provider may import beside `relay.formats` and `relay.security`: what it declares, and help for
its readers and adapters."""
