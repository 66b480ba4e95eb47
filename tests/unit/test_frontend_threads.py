"""Frontend in threads, after a fork, and in worker processes, as data loaders use it."""

import multiprocessing
import threading

import numpy as np
import pytest

from pyser import Frontend, FrontendOptions

FRONTEND = Frontend()


def signal(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(-3000, 3000, int(rng.integers(0, 20000)), dtype=np.int16)


def features(seed):
    return FRONTEND(signal(seed)).tobytes()


def batch_features(seed):
    return [rows.tobytes() for rows in FRONTEND.batch([signal(seed)] * 3, num_threads=2)]


def test_threads_share_a_frontend():
    expected = [features(seed) for seed in range(40)]
    found = [None] * 40

    def work(first):
        for seed in range(first, 40, 4):
            found[seed] = features(seed)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_threads_that_share_a_stream_take_turns():
    chunk, stream = signal(3)[:1600], FRONTEND.stream()
    rows = []

    def work():
        rows.extend(stream.accept(chunk) for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(map(len, rows)) + len(stream.finish())
    assert total == FRONTEND.num_frames(200 * len(chunk))


def test_the_gil_is_released():
    long = np.zeros(16000 * 60, np.int16)
    slow = Frontend(FrontendOptions(round_to_power_of_two=False, dither=1))
    done = threading.Event()
    thread = threading.Thread(target=lambda: (slow(long), done.set()))
    thread.start()
    steps = 0
    while not done.is_set():
        steps += 1
    thread.join()
    assert steps > 1000  # this loop went on while the other thread computed


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes(method):
    expected = [features(seed) for seed in range(6)]
    batches = [batch_features(seed) for seed in range(2)]  # threads were used before the fork
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        assert pool.map_async(features, range(6)).get(timeout=60) == expected
        assert pool.map_async(batch_features, range(2)).get(timeout=60) == batches


class Dataset:
    """Signals -> features, as a map-style data set of a data loader."""

    def __init__(self):
        self.frontend = Frontend(FrontendOptions(num_mel_bins=40))

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return self.frontend(signal(index))


def test_data_loader_workers():
    from torch.utils.data import DataLoader

    data = Dataset()
    loader = DataLoader(data, batch_size=None, num_workers=2, multiprocessing_context="fork")
    found = [np.asarray(rows).tobytes() for rows in loader]
    assert found == [data[i].tobytes() for i in range(len(data))]
