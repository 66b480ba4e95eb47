// Reading, computing and writing at the same time, in bounded memory and in order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "extract/packet.h"
#include "extract/source.h"
#include "frontend/plan.h"
#include "io/ark_writer.h"

namespace pyser {

// What became of some utterances, in order.
struct Results {
  std::vector<std::string> keys;  // of those that have rows
  std::vector<int64_t> places;    // byte of the archive that a scp line names
  std::vector<int64_t> num_rows;
  std::string stats;  // of those, as an archive has them, if they are kept
  int64_t count = 0;  // all that are finished
  std::vector<std::shared_ptr<Utterance>> told;  // those of which something is to be told
};

// Packets go round: one is filled from the source, computed, written and filled again. There is a
// fixed number of them, which bounds the memory. Whoever calls next() writes; one thread reads
// ahead; `num_threads` others compute, and read where the reader does not keep up. Without threads
// the caller does all of it in turn, which is what a single CPU does best.
class Pipeline {
 public:
  // num_threads of 0: no threads; keep_stats: results have the statistics of what was written. The
  // source and the writer must not be used elsewhere meanwhile.
  Pipeline(std::shared_ptr<const Plan> plan, std::shared_ptr<Source> source,
           std::shared_ptr<ArkWriter> writer, int num_threads, bool keep_stats, Help help);
  ~Pipeline();  // stops, in the middle if need be
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Writes for about `most_seconds`, or until something is to be told; what was finished in that
  // time, perhaps nothing, is in `results`. False when all is done. Throws what cannot be the fault
  // of one utterance, such as a FileError for a full disk.
  bool next(double most_seconds, Results& results);

 private:
  enum class State { free, filling, loaded, computing, computed };
  struct Slot {
    Packet packet;
    State state = State::free;
  };
  using Lock = std::unique_lock<std::mutex>;

  Slot& slot(int64_t number) { return slots_[static_cast<size_t>(number) % slots_.size()]; }
  bool is_finished() const { return ended_ && next_to_write_ == next_to_fill_; }
  int64_t num_free() const;
  bool is_writing_due() const;
  bool read_one(Lock& lock);
  bool compute_one(Lock& lock);
  bool write_one(Lock& lock, Results& results);
  void write_recording(const Packet& packet, Results& results);
  void write_items(const Packet& packet, Results& results);
  void report(const std::shared_ptr<Utterance>& utterance, int64_t place, Results& results);
  void start_threads(int num_threads);
  void work(bool computes);
  void stop(std::exception_ptr error);

  const std::shared_ptr<const Plan> plan_;
  const std::shared_ptr<Source> source_;
  const std::shared_ptr<ArkWriter> writer_;
  const bool keep_stats_;
  const Help help_;
  const PacketLimits limits_;

  std::mutex mutex_;                                     // of what follows
  std::condition_variable room_, work_, pieces_, done_;  // what reader, others and caller wait for
  std::vector<Slot> slots_;  // packet n is in slot n modulo their number
  // Packets are numbered in order; those before these numbers were begun by the stage.
  int64_t next_to_fill_ = 0, next_to_compute_ = 0, next_to_write_ = 0;
  bool is_filling_ = false, ended_ = false, stopped_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
  bool caller_computes_ = true;
};

}  // namespace pyser
