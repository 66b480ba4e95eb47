#include "extract/packet.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"
#include "frontend/compute.h"
#include "io/stats_archive.h"

namespace pyser {
namespace {

constexpr size_t kKeptValues = 1 << 22;  // 16 MiB of rows, 8 MiB of samples

template <class Work>
void guarded(Utterance& utterance, Work work) {
  try {
    work();
  } catch (const Error& error) {
    utterance.fail(error);
  } catch (const std::bad_alloc&) {
    utterance.fail("needs more memory than there is", "", "cut it into segments");
  }
}

// The rows of a whole utterance, at the end of those of the packet.
void compute_item(const Plan& plan, Packet& packet, Packet::Item& item) {
  const Utterance& utterance = *item.utterance;
  const bool own = !utterance.samples.empty();
  const int16_t* samples =
      own ? utterance.samples.data() : packet.samples.data() + item.first_sample;
  const int64_t count = own ? static_cast<int64_t>(utterance.samples.size()) : item.num_samples;
  item.num_rows = plan.num_frames(count, utterance.sample_rate);
  item.first_value = static_cast<int64_t>(packet.rows.size());
  const size_t num_values = static_cast<size_t>(item.num_rows) * plan.dim();
  float* rows = packet.rows.extend(num_values);
  try {
    compute_into(plan, samples, count, utterance.sample_rate, 1.0, rows);
  } catch (...) {
    packet.rows.drop(num_values);
    throw;
  }
}

void compute_items(const Plan& plan, const ArkFormat& format, bool keep_stats, const Help& help,
                   Packet& packet) {
  for (Packet::Item& item : packet.items) {
    Utterance& utterance = *item.utterance;
    if (utterance.outcome == Outcome::foreign) help(item.utterance);
    if (utterance.outcome == Outcome::computed) item.num_rows = utterance.num_rows;
    if (utterance.outcome != Outcome::loaded) continue;
    guarded(utterance, [&] {
      compute_item(plan, packet, item);
      utterance.outcome = item.num_rows > 0 ? Outcome::computed : Outcome::too_short;
    });
  }
  for (Packet::Item& item : packet.items) {  // the rows do not move any more
    const Utterance& utterance = *item.utterance;
    if (utterance.outcome != Outcome::computed) continue;
    item.place = packet.block.begin(format, utterance.key, item.num_rows, plan.dim());
    const bool own = !utterance.rows.empty();
    const float* rows = own ? utterance.rows.data() : packet.rows.data() + item.first_value;
    packet.block.append(format, rows, item.num_rows, plan.dim());
    packet.block.end(format);
    if (!keep_stats) continue;
    CmvnStats stats(plan.dim());
    stats.add(rows, item.num_rows);
    append_stats(packet.stats, utterance.key, stats);
  }
}

// The rows that are final after this piece.
void compute_piece(const Plan& plan, const ArkFormat& format, bool keep_stats, Packet& packet) {
  Recording& recording = *packet.recording;
  Utterance& utterance = *recording.utterance;
  if (utterance.outcome == Outcome::failed) return;
  guarded(utterance, [&] {
    if (packet.error) throw *packet.error;
    Stream& stream = *recording.stream;
    const auto count = static_cast<int64_t>(packet.samples.size());
    const int64_t early = stream.num_rows(count, false);
    const int64_t all = packet.last ? stream.num_rows(count, true) : early;
    float* rows = packet.rows.extend(static_cast<size_t>(all) * plan.dim());
    stream.accept(packet.samples.data(), count, 1.0, rows);
    if (packet.last) stream.finish(rows + early * plan.dim());
    if (packet.first) {
      recording.place = packet.block.begin(format, utterance.key, recording.num_rows, plan.dim());
    }
    packet.block.append(format, rows, all, plan.dim());
    if (packet.first && keep_stats) recording.stats.emplace(plan.dim());
    if (keep_stats) recording.stats->add(rows, all);
    if (packet.last && keep_stats) append_stats(packet.stats, utterance.key, *recording.stats);
    if (packet.last) {
      packet.block.end(format);
      utterance.num_rows = recording.num_rows;
      utterance.outcome = Outcome::computed;
    }
  });
  recording.failed = utterance.outcome == Outcome::failed;
}

}  // namespace

int64_t Recording::read(int16_t* to, int64_t count) {
  int64_t got = std::min(count, num_samples - num_read);
  if (audio) {
    got = audio->read(to, got);
  } else {
    std::memcpy(to, held.data() + num_read, static_cast<size_t>(got) * sizeof *to);
  }
  num_read += got;
  return got;
}

void Packet::clear() {
  items.clear();
  recording.reset();
  first = last = false;
  error.reset();
  samples.clear(kKeptValues);
  rows.clear(kKeptValues);
  block.clear();
  stats.clear();
}

void compute_packet(const Plan& plan, const ArkFormat& format, bool keep_stats, const Help& help,
                    Packet& packet) {
  if (packet.recording) return compute_piece(plan, format, keep_stats, packet);
  compute_items(plan, format, keep_stats, help, packet);
}

}  // namespace pyser
