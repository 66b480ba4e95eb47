// The cheapest path through the pitch states: a Viterbi search.
#pragma once

#include <cstdint>
#include <vector>

#include "base/queue.h"

namespace pyser {

// State i of a frame costs its local cost; a move from j to i costs move_cost (i - j)^2. Of equal
// paths that of lower states wins.
class PitchPath {
 public:
  PitchPath(int num_states, double move_cost);

  // Takes the next frame, with the costs [num_states] of its states by themselves.
  void add(const float* costs);
  int64_t num_frames() const { return choice_.end(); }

  // Makes the choices of the frames before `end` those of the path that is cheapest now. Frames
  // that were decided before keep theirs.
  void decide(int64_t end);
  int64_t num_decided() const { return num_decided_; }
  int choice(int64_t frame) const { return *choice_.at(frame); }

  // Forgets frames that are decided.
  void drop_before(int64_t frame);

 private:
  void move(uint16_t* before);

  int num_states_;
  double move_cost_;
  std::vector<double> per_distance_;  // [num_states] 1 / (2 move_cost d)
  std::vector<double> cost_, moved_;  // [num_states] of the cheapest path into each state
  std::vector<int> bottom_;           // minima of the parabolas in the lower envelope, ...
  std::vector<double> from_;          // ... and where each begins to be the lowest
  Queue<uint16_t> before_;            // [frames, num_states] which state a path came from
  Queue<int> choice_;                 // [frames] the cheapest path as it was traced last
  int64_t num_decided_ = 0;
};

}  // namespace pyser
