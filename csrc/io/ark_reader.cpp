#include "io/ark_reader.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"

namespace pyser {
namespace {

bool is_visible(char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; }

}  // namespace

bool AudioArkReader::next(Utterance& utterance) {
  utterance = Utterance();
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
  utterance.key = std::string(key);
  source_->skip(static_cast<int64_t>(length) + 1);
  utterance.offset = source_->position();
  read_archived_audio(*source_, options_, utterance);
  return true;
}

}  // namespace pyser
