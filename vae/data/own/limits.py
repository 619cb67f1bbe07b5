"""The most that one set of own data may have; beyond it a file is refused before it is read."""

MB, GB = 10**6, 10**9

UPLOAD = 200 * MB  # bytes of an uploaded file; larger ones are read from the shell
UNPACKED = 4 * GB  # bytes of all files of an archive
RATIO = 1_000  # times that an archive's content may be larger than the archive
MEMBERS = 250_000  # files of an archive or a folder
DEPTH = 6  # folders within folders
PIXELS = 40 * MB  # of one image file
SIDE = 256  # pixels of a stored image's longer side
VALUES = 200_000  # of one example
ROWS = 5_000_000
COLUMNS = 2_000
CELLS = 100 * MB  # of a table
WORDS = 40  # different words of a column that become columns of 0 and 1
CLASSES = 1_000
WORD = 80  # characters
ARRAYS = 100
TEXT_NAME = 60
KEPT = 8 * GB  # bytes of a stored dataset
FEWEST = 10  # examples
