"""What the pages share: state and permalinks, figures, and the components that run in the browser."""
