"""What the visitor looks at: the URL, the session and who the visitor is."""
