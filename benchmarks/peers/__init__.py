"""Who gradscribe is compared with: one module a peer.

A peer's module has

- `IMPORTS`, the modules that are imported beforehand, and `VERSIONS`, the distributions whose
  versions the report states;
- `WAYS`, for every quantity that it has a form of, names of variants and their makers. A maker
  takes a `Problem`, imports what it needs and returns a function without arguments that
  computes the quantity anew and waits for it. It may raise `Missing` with a reason.

Results are arrays, or sequences of them, in the order W¹, b¹, W², ….
"""
