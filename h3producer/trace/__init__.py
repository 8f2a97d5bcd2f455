"""One response's life as a picture, from what a qlog file says about it."""
