#include "io/ark_reader.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace pyser {
namespace {

constexpr size_t kBlockBytes = 128 * 1024;

bool is_visible(char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; }

}  // namespace

AudioArkReader::AudioArkReader(const std::string& path, ReadOptions options)
    : source_(std::make_unique<ByteSource>(path, kBlockBytes)), options_(options) {}

bool AudioArkReader::next(Utterance& utterance, std::unique_ptr<Audio>& audio) {
  audio.reset();
  if (!source_) return false;
  utterance.path = source_->name();
  utterance.offset = source_->position();
  if (source_->at_end()) return false;
  const std::string_view start = source_->peek(ByteSource::kMaxPeek);
  const size_t length = std::min(start.find(' '), start.size());
  const std::string_view key = start.substr(0, length);
  if (length == start.size() || length == 0 || !std::all_of(key.begin(), key.end(), is_visible)) {
    throw InputError("has no key at byte " + std::to_string(source_->position()), source_->name(),
                     "an archive of audio: '<key> <WAV file>' again and again");
  }
  const int64_t offset = source_->position() + static_cast<int64_t>(length) + 1;
  if (!is_utf8(key)) {
    throw InputError("has a key that is not UTF-8, before byte " + std::to_string(offset),
                     source_->name());
  }
  utterance.key = key;
  utterance.offset = offset;
  source_->skip(static_cast<int64_t>(length) + 1);
  audio = std::make_unique<Audio>(*source_, options_);
  return true;
}

}  // namespace pyser
