"""Questions of an instructor's own, read from the file of a sheet: data like those of the bank."""
