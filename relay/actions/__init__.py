"""What Zaps and scenarios can do to gateways, panels, desks and people.

A call becomes a run (`requests`), which waits for a person where its risk asks for one (`policy`), and is carried out
once by a worker (`actor`) through the adapter of the source's provider (`adapters`). Whatever comes of it is an event.
"""
