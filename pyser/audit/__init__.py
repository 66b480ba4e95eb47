"""The leakage audit: what a split of speech data into train, dev and test gives away.

It shares no code with the proofs of ``pyser split`` but the readers of tables, so that it is a
second look at our own splits, and it reads the lists of others.
"""
