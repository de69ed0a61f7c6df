"""Work for later: handed in at a Desk, carried by Huey, done by `work`, told when it is over.

The table of `tracer.store.jobs` is the truth. Huey only carries ids, so that it may lose
them, repeat them or be thrown away.
"""
