"""Migrations of the small tables, numbered; the file `head` holds the newest one's name.

The tables of a day are made from the templates of `tracer.store.schema` when the day
begins; a migration that changes them changes every live day.
"""
