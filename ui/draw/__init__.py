"""An example made by hand: drawn with mouse, finger or pen, or typed as a row."""
