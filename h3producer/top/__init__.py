"""`h3producer top`: the connections of a server that runs, as they are now."""
