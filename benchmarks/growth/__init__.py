"""How time, memory and bytes written grow with the number of files, in one process and embedded."""
