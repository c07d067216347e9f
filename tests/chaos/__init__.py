"""Every part of a running relay is killed, starved and lied to, under a steady stream of signed webhooks.

One relay of each set-up lives through all of it. Each test breaks one thing and sees that life goes on; what must
hold in the end, whatever happened, is asked last, in `test_then_nothing_is_lost.py`: what a killed worker had in
its hands is free again after a minute, and one such minute is enough for all tests.

`RELAY_CHAOS=long` breaks each thing several times, for longer.
"""
