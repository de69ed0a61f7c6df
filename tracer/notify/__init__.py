"""Telling people and programs outside that something is ready or has failed.

Nothing is sent anywhere but where the administrator's settings say.
"""
