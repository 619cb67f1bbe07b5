"""Models that other libraries trained: read without running their code, and written as ordinary run folders."""
