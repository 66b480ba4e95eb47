#include "pitch/pitch_path.h"

#include <algorithm>
#include <limits>

namespace pyser {

PitchPath::PitchPath(int num_states, double move_cost)
    : num_states_(num_states),
      move_cost_(move_cost),
      per_distance_(num_states),
      cost_(num_states),
      moved_(num_states),
      bottom_(num_states),
      from_(num_states + 1) {
  for (int d = 1; d < num_states; ++d) per_distance_[d] = 0.5 / (move_cost * d);
}

void PitchPath::add(const float* costs) {
  move(before_.extend(num_states_));
  *choice_.extend(1) = -1;
  // Costs count from that of state 0, so that they do not grow.
  const double origin = moved_[0] + costs[0];
  for (int i = 0; i < num_states_; ++i) cost_[i] = moved_[i] + costs[i] - origin;
}

// moved[i] = min_j cost[j] + move_cost (i - j)^2: the lower envelope of parabolas (Felzenszwalb and
// Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8, 2012).
void PitchPath::move(uint16_t* before) {
  int last = 0;  // parabola that is the lowest at the right end so far
  bottom_[0] = 0;
  from_[0] = -std::numeric_limits<double>::infinity();
  for (int j = 1; j < num_states_; ++j) {
    double crossing;
    for (;; --last) {
      const int other = bottom_[last];
      crossing = (cost_[j] - cost_[other]) * per_distance_[j - other] + 0.5 * (j + other);
      if (crossing > from_[last]) break;
    }
    if (crossing >= num_states_ - 1) continue;  // j is the lowest nowhere
    bottom_[++last] = j;
    from_[last] = crossing;
  }
  from_[last + 1] = num_states_ - 1;
  for (int k = 0, i = 0; k <= last; ++k) {
    const int bottom = bottom_[k];
    const int end = from_[k + 1] < 0 ? 0 : static_cast<int>(from_[k + 1]) + 1;
    for (; i < end; ++i) {
      const double distance = i - bottom;
      moved_[i] = cost_[bottom] + move_cost_ * (distance * distance);
      before[i] = static_cast<uint16_t>(bottom);
    }
  }
}

void PitchPath::decide(int64_t end) {
  if (end <= num_decided_) return;
  int state = static_cast<int>(std::min_element(cost_.begin(), cost_.end()) - cost_.begin());
  for (int64_t frame = num_frames() - 1; frame >= num_decided_; --frame) {
    int& choice = *choice_.at(frame);
    if (choice == state) break;  // from here on the path is the one that was traced before
    choice = state;
    state = before_.at(frame * num_states_)[state];
  }
  num_decided_ = end;
}

void PitchPath::drop_before(int64_t frame) {
  before_.drop_before(frame * num_states_);
  choice_.drop_before(frame);
}

}  // namespace pyser
