"""Personal data: masked by default, revealed with a reason, exported and erased under four eyes."""
