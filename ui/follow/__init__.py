"""Following a teacher: the band of those who follow, and the controls of whoever leads."""
