// Pieces of recordings.
#pragma once

#include <cstdint>
#include <utility>

namespace pyser {

// A piece of a recording, in seconds; an end of -1 is that of the recording.
struct Segment {
  double start_s = 0, end_s = -1;
};

// The first sample and the number of samples of a segment of `num_samples` at `sample_rate` Hz. As
// in Kaldi, those from int(start * rate) up to int(end * rate), and an end up to 0.5 s after the
// recording means its end. InputError for a segment outside of it.
std::pair<int64_t, int64_t> segment_samples(const Segment& segment, int64_t num_samples,
                                            double sample_rate);

}  // namespace pyser
