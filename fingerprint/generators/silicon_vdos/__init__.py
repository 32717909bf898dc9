"""Silicon cells with disorder and compression: their vibrational density of states and mean stress."""
