#include "io/segment.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/error.h"

namespace pyser {
namespace {

constexpr double kMaxOvershoot_s = 0.5;  // times are rounded
constexpr double kMostSamples = 1e15;

std::string seconds(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%g", value);
  return buffer;
}

int64_t sample_at(double time_s, double sample_rate) {
  return static_cast<int64_t>(std::min(time_s * sample_rate, kMostSamples));
}

}  // namespace

std::pair<int64_t, int64_t> segment_samples(const Segment& segment, int64_t num_samples,
                                            double sample_rate) {
  const int64_t start = sample_at(segment.start_s, sample_rate);
  const int64_t end = segment.end_s == -1 ? num_samples : sample_at(segment.end_s, sample_rate);
  const double latest = static_cast<double>(num_samples) + kMaxOvershoot_s * sample_rate;
  if (start >= num_samples || static_cast<double>(end) > latest) {
    throw InputError(
        "the segment from " + seconds(segment.start_s) + " to " + seconds(segment.end_s) +
            " s leaves the recording",
        "", "times up to " + seconds(static_cast<double>(num_samples) / sample_rate) + " s");
  }
  return {start, std::max<int64_t>(0, std::min(end, num_samples) - start)};
}

}  // namespace pyser
