"""How fast and how small Mailtracer is, measured against other tools on the same machine."""
