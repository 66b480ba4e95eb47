// What goes from reading to computing to writing at once: some utterances, or a piece of one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "dsp/cmvn.h"
#include "frontend/stream.h"
#include "io/ark_block.h"
#include "io/audio.h"
#include "io/utterance.h"

namespace pyser {

// How much goes into a packet, in samples.
struct PacketLimits {
  int64_t enough;  // no further utterance is added then; also the size of a piece
  int64_t whole;   // longer utterances go piece by piece; INT64_MAX: none do
  bool may_fail;   // whether one that goes piece by piece may fail in the middle
};

// A long utterance. Its rows are computed and written piece by piece; how many there will be is
// known from the start, for the archive wants to know.
struct Recording {
  // Reads up to `count` samples; fewer only at the end. Throws as Audio.
  int64_t read(int16_t* to, int64_t count);

  std::shared_ptr<Utterance> utterance;
  std::unique_ptr<Audio> audio;  // null: the samples are in `held`
  Buffer<int16_t> held;
  int64_t num_samples = 0, num_read = 0, num_rows = 0;
  std::unique_ptr<Stream> stream;
  std::optional<CmvnStats> stats;   // of the rows so far
  std::atomic<bool> failed{false};  // set by whoever computes; the rest need not be read then
  int64_t begin = 0;                // byte of the archive where its entry begins
  int64_t place = 0;                // byte of the entry that a scp line names
};

struct Packet {
  struct Item {
    std::shared_ptr<Utterance> utterance;
    std::unique_ptr<Audio> audio;  // open, not read yet; null: there is nothing to read (any more)
    int64_t first_sample = 0, num_samples = 0;  // in `samples`
    int64_t first_value = 0, num_rows = 0;      // in `rows`
    int64_t place = 0;                          // byte of the block that a scp line names
  };

  std::vector<Item> items;
  std::shared_ptr<Recording> recording;  // of which this is a piece; null: items are whole
  bool first = false, last = false;      // piece of it
  std::optional<Error> error;            // why the piece could not be read
  Buffer<int16_t> samples;
  Buffer<float> rows;
  ArkBlock block;     // what is to be written
  std::string stats;  // of the utterances that end here, as an archive has them

  void clear();
};

// The rows of a packet, computed and put into its block; with `keep_stats` their statistics too.
// Utterances fail one by one; `help` is asked to read those that are foreign.
using Help = std::function<void(const std::shared_ptr<Utterance>&)>;
void compute_packet(const Plan& plan, const ArkFormat& format, bool keep_stats, const Help& help,
                    Packet& packet);

}  // namespace pyser
