"""What a run leaves, in forms that others read; one file per form."""
