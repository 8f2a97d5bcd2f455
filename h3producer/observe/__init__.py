"""Seeing it: what a server that runs has done, does now, and how each exchange ended.

Everything here is told or asks; nothing of what it watches knows it. The layers below name what
they tell in ports of their own, and a server that nobody watches pays a comparison for each.
"""
