"""From equations of one sample to array statements over the batch; no SymPy beyond `lower.py`."""
