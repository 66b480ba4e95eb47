// Utterances to rows, over threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "io/audio.h"
#include "io/utterance.h"

namespace pyser {

// Computes the rows of `count` samples: rows x dim floats, row-major. Called from several threads.
using Compute =
    std::function<std::vector<float>(const int16_t* samples, int64_t count, double sample_rate)>;

struct BatchOptions {
  ReadOptions read;
  int dim = 0;  // columns of a row
  int num_threads = 1;
  int64_t most_bytes = 64 << 20;  // no further utterance is begun when the rows are that large
};

// Reads and computes the pending and loaded utterances from the first on, each by one thread, until
// all are done or the rows fill `most_bytes`. Returns how many were dealt with: always a prefix,
// and its content does not depend on the number of threads. What goes wrong with an utterance is
// told in its outcome; nothing is thrown for it.
size_t run_batch(const std::vector<std::shared_ptr<Utterance>>& utterances, const Compute& compute,
                 const BatchOptions& options);

}  // namespace pyser
