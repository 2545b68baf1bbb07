"""What makes formulas a document: escaping, widths, the network's picture, and pdflatex."""
