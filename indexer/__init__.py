"""From a corpus of pages to an index that answers queries: the public door of the room."""

__version__ = "1.0.0"
