"""What pages ask of a model: the pool of processes, and the functions it runs, a file for each page."""
