"""What several pages use: figures, components, messages, and questions to the pool."""
