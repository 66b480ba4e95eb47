#include "extract/pipeline.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace pyser {
namespace {

constexpr int64_t kPacketBytes = 256 << 10;  // of rows: what is written at once
constexpr int64_t kWholeBytes = 16 << 20;    // of samples and rows of one utterance

// Packets that wait between the stages, so that none waits for another. To wake a thread takes
// longer than to read or write a packet: it is done for a few of them at once.
constexpr int kSparePackets = 8;
constexpr int64_t kWakeWriter = 2, kWakeReader = 3;
constexpr auto kShortly = std::chrono::milliseconds(1);

PacketLimits limits_for(const Plan& plan, const ArkWriter& writer) {
  const ArkFormat& format = writer.format();
  const int64_t row_bytes = static_cast<int64_t>(sizeof(float)) * plan.dim();
  const int64_t shift = plan.framing().shift;
  PacketLimits limits;
  limits.enough = (kPacketBytes + row_bytes - 1) / row_bytes * shift;
  const bool needs_all = plan.options().subtract_mean || (!format.text && format.compression != 0);
  limits.whole = std::max(limits.enough, kWholeBytes * shift / (row_bytes + 2 * shift));
  if (needs_all) limits.whole = std::numeric_limits<int64_t>::max();
  limits.may_fail = writer.can_rewind();
  return limits;
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Plan> plan, std::shared_ptr<Source> source,
                   std::shared_ptr<ArkWriter> writer, int num_threads, bool keep_stats, Help help)
    : plan_(std::move(plan)),
      source_(std::move(source)),
      writer_(std::move(writer)),
      keep_stats_(keep_stats),
      help_(std::move(help)),
      limits_(limits_for(*plan_, *writer_)),
      slots_(num_threads == 0 ? 1 : static_cast<size_t>(num_threads) + kSparePackets) {
  if (num_threads > 0) start_threads(num_threads);
}

Pipeline::~Pipeline() {
  stop(nullptr);
  for (std::thread& thread : threads_) thread.join();
  source_->close();
}

void Pipeline::start_threads(int num_threads) {
  try {
    threads_.emplace_back([this] { work(false); });
    for (int i = 0; i < num_threads; ++i) {
      threads_.emplace_back([this] { work(true); });
      caller_computes_ = false;
    }
  } catch (const std::system_error&) {
    // the system grants no more threads; those that run share the work
  }
}

void Pipeline::work(bool computes) {
  Lock lock(mutex_);
  try {
    while (!stopped_) {
      if (computes && compute_one(lock)) continue;
      if (read_one(lock)) continue;
      if (ended_ && (!computes || next_to_compute_ == next_to_fill_)) return;
      (computes ? work_ : room_).wait(lock);
    }
  } catch (...) {
    if (lock.owns_lock()) lock.unlock();
    stop(std::current_exception());
  }
}

void Pipeline::stop(std::exception_ptr error) {
  const Lock lock(mutex_);
  if (!stopped_) error_ = std::move(error);
  stopped_ = true;
  for (auto* condition : {&room_, &work_, &pieces_, &done_}) condition->notify_all();
}

int64_t Pipeline::num_free() const {
  return static_cast<int64_t>(slots_.size()) - (next_to_fill_ - next_to_write_);
}

// Whether the caller is worth waking: there is something to write, or nothing more will come.
bool Pipeline::is_writing_due() const {
  return next_to_compute_ - next_to_write_ >= kWakeWriter ||
         (ended_ && next_to_compute_ == next_to_fill_);
}

// Fills and loads the next packet, if there is a free one and nobody else is filling.
bool Pipeline::read_one(Lock& lock) {
  if (is_filling_ || ended_ || num_free() == 0) return false;
  is_filling_ = true;
  Slot& slot = this->slot(next_to_fill_);
  slot.state = State::filling;
  lock.unlock();
  slot.packet.clear();
  const bool filled = source_->fill(*plan_, limits_, slot.packet);
  lock.lock();
  is_filling_ = false;
  if (!filled) {
    ended_ = true;
    for (auto* condition : {&room_, &work_, &done_}) condition->notify_all();
    return true;
  }
  const int64_t number = next_to_fill_++;
  work_.notify_one();  // who has nothing to compute can read the next
  lock.unlock();
  Source::load(slot.packet);
  lock.lock();
  slot.state = State::loaded;
  if (number == next_to_compute_) work_.notify_all();
  return true;
}

// Computes the next packet, if it is loaded.
bool Pipeline::compute_one(Lock& lock) {
  if (next_to_compute_ == next_to_fill_) return false;
  const int64_t number = next_to_compute_;
  Slot& slot = this->slot(number);
  if (slot.state != State::loaded) return false;
  slot.state = State::computing;
  ++next_to_compute_;
  if (slot.packet.recording && !slot.packet.first) {  // goes on where the packet before ended
    pieces_.wait(lock, [&] {
      return stopped_ || next_to_write_ >= number ||
             this->slot(number - 1).state == State::computed;
    });
    if (stopped_) return true;  // to who called, for whom there is nothing more to wait for
  }
  lock.unlock();
  compute_packet(*plan_, writer_->format(), keep_stats_, help_, slot.packet);
  lock.lock();
  slot.state = State::computed;
  if (slot.packet.recording) pieces_.notify_all();
  if (this->slot(next_to_write_).state == State::computed && is_writing_due()) done_.notify_one();
  return true;
}

// Writes the next packet, if it is computed.
bool Pipeline::write_one(Lock& lock, Results& results) {
  if (next_to_write_ == next_to_compute_) return false;
  Slot& slot = this->slot(next_to_write_);
  if (slot.state != State::computed) return false;
  lock.unlock();
  if (slot.packet.recording) {
    write_recording(slot.packet, results);
  } else {
    write_items(slot.packet, results);
  }
  lock.lock();
  slot.state = State::free;
  ++next_to_write_;
  if (num_free() >= kWakeReader) room_.notify_one();
  return true;
}

void Pipeline::write_items(const Packet& packet, Results& results) {
  const int64_t begin = writer_->position();
  writer_->write(packet.block);
  results.stats += packet.stats;
  for (const Packet::Item& item : packet.items) {
    item.utterance->num_rows = item.num_rows;
    report(item.utterance, begin + item.place, results);
  }
}

void Pipeline::write_recording(const Packet& packet, Results& results) {
  Recording& recording = *packet.recording;
  if (packet.first) recording.begin = writer_->position();
  if (recording.failed) {
    writer_->rewind(recording.begin);
  } else {
    writer_->write(packet.block);
    results.stats += packet.stats;
  }
  if (packet.last) report(recording.utterance, recording.begin + recording.place, results);
}

void Pipeline::report(const std::shared_ptr<Utterance>& utterance, int64_t place,
                      Results& results) {
  ++results.count;
  const bool computed = utterance->outcome == Outcome::computed;
  if (computed) {
    results.keys.push_back(utterance->key);
    results.places.push_back(place);
    results.num_rows.push_back(utterance->num_rows);
  }
  const bool upsampled = utterance->sample_rate < plan_->options().sample_frequency;
  if (!computed || upsampled || utterance->truncated) results.told.push_back(utterance);
}

bool Pipeline::next(double most_seconds, Results& results) {
  using Clock = std::chrono::steady_clock;
  const auto most =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(most_seconds));
  const auto deadline = Clock::now() + most;
  Lock lock(mutex_);
  while (!error_ && !is_finished() && results.told.empty() && Clock::now() < deadline) {
    if (write_one(lock, results)) continue;
    if (caller_computes_ && (compute_one(lock) || read_one(lock))) continue;
    done_.wait_until(lock, caller_computes_ ? Clock::now() + kShortly : deadline);
  }
  if (error_) std::rethrow_exception(error_);
  return !is_finished() || results.count > 0;
}

}  // namespace pyser
