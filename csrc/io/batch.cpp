#include "io/batch.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <system_error>
#include <thread>

#include "base/error.h"

namespace pyser {
namespace {

void deal_with(Utterance& utterance, const Compute& compute, const BatchOptions& options) {
  try {
    if (utterance.outcome == Outcome::pending) read_audio_file(options.read, utterance);
    if (utterance.outcome != Outcome::loaded) return;
    const auto count = static_cast<int64_t>(utterance.samples.size());
    utterance.rows = compute(utterance.samples.data(), count, utterance.sample_rate);
    utterance.num_rows = static_cast<int64_t>(utterance.rows.size()) / options.dim;
    utterance.outcome = utterance.num_rows > 0 ? Outcome::computed : Outcome::too_short;
  } catch (const Error& error) {
    utterance.fail(error);
  } catch (const std::bad_alloc&) {
    utterance.fail("needs more memory than there is", "", "cut it into segments");
  } catch (const std::exception& error) {
    utterance.fail(error.what());
  }
  std::vector<int16_t>().swap(utterance.samples);
}

}  // namespace

size_t run_batch(const std::vector<std::shared_ptr<Utterance>>& utterances, const Compute& compute,
                 const BatchOptions& options) {
  std::atomic<size_t> next{0};
  std::atomic<int64_t> bytes{0};
  // Utterances are begun in order and every one that is begun is finished: the result is a prefix.
  const auto work = [&] {
    while (bytes.load(std::memory_order_relaxed) < options.most_bytes) {
      const size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= utterances.size()) return;
      deal_with(*utterances[index], compute, options);
      bytes += static_cast<int64_t>(utterances[index]->rows.size() * sizeof(float));
    }
  };
  const size_t most = std::min<size_t>(std::max(options.num_threads, 1), utterances.size());
  std::vector<std::thread> threads;
  try {
    for (size_t i = 1; i < most; ++i) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // the system grants no more threads; those that run share the work
  }
  work();
  for (std::thread& thread : threads) thread.join();
  return std::min(next.load(), utterances.size());
}

}  // namespace pyser
