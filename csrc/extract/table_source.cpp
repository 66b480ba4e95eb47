#include <sys/stat.h>

#include <new>

#include "extract/source.h"

namespace pyser {
namespace {

bool is_regular(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

bool TableSource::next(std::shared_ptr<Utterance>& utterance, std::unique_ptr<Audio>& audio) {
  if (next_line_ == lines_.size()) return false;
  Line& line = lines_[next_line_++];
  utterance = std::make_shared<Utterance>();
  utterance->key = std::move(line.key);
  utterance->path = std::move(line.path);
  utterance->offset = line.offset;
  utterance->segment = line.segment;
  // A pipe gives its audio once: all its segments must be cut from one reading.
  const bool foreign = line.foreign || (line.segment && !is_regular(utterance->path));
  if (foreign) utterance->outcome = Outcome::foreign;
  if (foreign) return true;
  try {
    audio = std::make_unique<Audio>(utterance->path, utterance->offset, options_);
    audio->open();
    if (audio->is_foreign()) {
      read_audio(*audio, *utterance);
    } else if (utterance->segment) {
      const auto [first, count] =
          segment_samples(*utterance->segment, audio->num_samples(), audio->sample_rate());
      audio->select(first, count);
    }
  } catch (const Error& error) {
    utterance->fail(error);
  }
  if (utterance->outcome != Outcome::pending) audio.reset();
  return true;
}

}  // namespace pyser
