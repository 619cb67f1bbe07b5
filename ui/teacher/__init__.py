"""The teacher's page: the password, who is here, the queue, and clearing up after class."""
