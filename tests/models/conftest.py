"""Small models are faster on one thread, much faster beside other work."""

import torch

torch.set_num_threads(1)
