"""What an area hands to the parts that serve all areas: the clock, the doctor, housekeeping.

An area is a folder of `relay/`. It hands out constants of agreed names, which are found by name: a new area edits no
file that others share.
"""
