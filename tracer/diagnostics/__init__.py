"""Delivery diagnostics: what the world's DNS and mail hosts say about a sender and a recipient."""
