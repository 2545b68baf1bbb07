"""The commands: words in, files and exit codes out."""
