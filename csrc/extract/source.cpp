#include "extract/source.h"

#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/error.h"

namespace pyser {
namespace {

constexpr size_t kMostItems = 4096;
constexpr size_t kKeptValues = 1 << 20;

void fail_for_memory(Utterance& utterance) {
  utterance.fail("needs more memory than there is", "", "cut it into segments");
}

void set_loaded(Utterance& utterance, const Audio& audio) {
  utterance.truncated = audio.is_truncated();
  utterance.sample_rate = audio.sample_rate();
  utterance.outcome = Outcome::loaded;
}

// Reads all of an audio behind `samples`; false, and told in the utterance, when it cannot be.
bool read_all(Audio& audio, Utterance& utterance, Buffer<int16_t>& samples, int64_t& count) {
  try {
    count = audio.read_all(samples);
    set_loaded(utterance, audio);
    return true;
  } catch (const Error& error) {
    utterance.fail(error);
  } catch (const std::bad_alloc&) {
    fail_for_memory(utterance);
  }
  return false;
}

bool read_item(Packet& packet, Packet::Item& item) {
  item.first_sample = static_cast<int64_t>(packet.samples.size());
  return read_all(*item.audio, *item.utterance, packet.samples, item.num_samples);
}

}  // namespace

bool Source::fill(const Plan& plan, const PacketLimits& limits, Packet& packet) {
  if (!recording_) {
    int64_t count = 0;
    while (count < limits.enough && packet.items.size() < kMostItems && look_ahead(limits)) {
      if (next_.num_samples > limits.whole) {
        if (!packet.items.empty()) break;  // it begins a packet of its own
        if (begin_recording(plan)) break;
      }
      const bool foreign = next_.utterance->outcome == Outcome::foreign;
      count += foreign ? limits.enough : next_.num_samples;  // much work, and unknown memory
      add(packet);
    }
  }
  if (recording_ && packet.items.empty()) fill_piece(limits, packet);
  return packet.recording || !packet.items.empty();
}

void Source::load(Packet& packet) {
  for (Packet::Item& item : packet.items) {
    if (item.audio) read_item(packet, item);
    item.audio.reset();
  }
}

// Makes `next_` the next utterance, unless it is one already; false at the end.
bool Source::look_ahead(const PacketLimits& limits) {
  if (next_.utterance) return true;
  is_held_ = false;
  if (!next(next_.utterance, next_.audio)) return false;
  if (!next_.audio) return true;
  next_.num_samples = next_.audio->num_samples();
  if (next_.num_samples >= 0) return true;
  const int64_t promised = next_.audio->num_promised();
  if (limits.may_fail && promised > limits.whole) {
    next_.num_samples = promised;
  } else {
    hold();
  }
  return true;
}

// Reads the next utterance, for its length is known only then.
void Source::hold() {
  held_.clear(kKeptValues);
  is_held_ = read_all(*next_.audio, *next_.utterance, held_, next_.num_samples);
  finish(*next_.audio, is_held_);
  next_.audio.reset();
  if (!is_held_) next_.num_samples = 0;
}

// Makes the next utterance the one that is given in pieces; false, and told in it, if it fails.
bool Source::begin_recording(const Plan& plan) {
  Utterance& utterance = *next_.utterance;
  try {
    auto recording = std::make_shared<Recording>();
    if (next_.audio) set_loaded(utterance, *next_.audio);
    recording->num_samples = next_.num_samples;
    recording->num_rows = plan.num_frames(next_.num_samples, utterance.sample_rate);
    recording->stream = std::make_unique<Stream>(plan, utterance.sample_rate);
    recording->utterance = std::move(next_.utterance);
    recording->audio = std::move(next_.audio);
    if (is_held_) recording->held.swap(held_);
    recording_ = std::move(recording);
    next_ = {};
    return true;
  } catch (const Error& error) {
    utterance.fail(error);
  }
  if (next_.audio) finish(*next_.audio, true);
  next_.audio.reset();
  next_.num_samples = 0;
  return false;
}

void Source::fill_piece(const PacketLimits& limits, Packet& packet) {
  Recording& recording = *recording_;
  packet.recording = recording_;
  packet.first = recording.num_read == 0;
  const int64_t wanted = std::min(limits.enough, recording.num_samples - recording.num_read);
  try {
    int16_t* to = packet.samples.extend(static_cast<size_t>(wanted));
    if (!recording.failed && recording.read(to, wanted) < wanted) {
      throw InputError("became shorter while it was read", recording.utterance->path);
    }
  } catch (const Error& error) {
    packet.error = error;
  }
  packet.last = packet.error || recording.failed || recording.num_read == recording.num_samples;
  if (!packet.last) return;
  if (recording.audio) finish(*recording.audio, !packet.error);
  recording_.reset();
}

// Moves the next utterance into the packet; its samples too, unless they can be read later.
void Source::add(Packet& packet) {
  packet.items.push_back(std::move(next_));
  next_ = {};
  Packet::Item& item = packet.items.back();
  if (is_held_) {
    item.first_sample = static_cast<int64_t>(packet.samples.size());
    int16_t* to = packet.samples.extend(held_.size());
    if (held_.size() > 0) std::memcpy(to, held_.data(), held_.size() * sizeof *to);
    is_held_ = false;
  } else if (item.audio && is_sequential()) {
    const bool was_read = read_item(packet, item);
    finish(*item.audio, was_read);
    item.audio.reset();
  }
}

}  // namespace pyser
