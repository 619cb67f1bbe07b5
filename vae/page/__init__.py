"""What leaves the app and stays alive: a page without a server, and the map in a notebook. No torch in here."""
