"""Keys, and what is made with them: tickets, tokens, resets, secrets that processes share."""
