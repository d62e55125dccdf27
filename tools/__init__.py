"""What makes the book and looks after it; the methodology itself is in portlib."""
