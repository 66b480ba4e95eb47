"""Training: ``pyser train`` (run), its child processes (grid, worker), one training function (fit).

A run is told by its settings, its inputs and its seed alone: batches, dropout and augmentation are
drawn anew for each epoch from (seed, epoch), so that a run that was killed ends like any other.
"""
