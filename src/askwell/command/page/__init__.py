"""The page on which people label: its server, and the runs that it asks for."""
