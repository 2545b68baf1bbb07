"""What the lecture says, a file a section."""
