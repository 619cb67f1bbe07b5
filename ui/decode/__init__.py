"""The decoder that runs in the browser: its format, its arithmetic, and the numpy twin that checks it."""
