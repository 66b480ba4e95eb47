#include "extract/source.h"

namespace pyser {

bool ArkSource::next(std::shared_ptr<Utterance>& utterance, std::unique_ptr<Audio>& audio) {
  utterance = std::make_shared<Utterance>();
  try {
    if (lost_) throw *lost_;
    if (!reader_.next(*utterance, audio)) {
      utterance.reset();
      return false;
    }
    begin_entry(*utterance, audio);
  } catch (const Error& error) {
    utterance->fail(error);
    audio.reset();
    lost_.reset();
    broken_ = true;
    reader_.close();
  }
  return true;
}

// Opens the audio of an entry. What is wrong with this entry alone is told in the utterance.
void ArkSource::begin_entry(Utterance& utterance, std::unique_ptr<Audio>& audio) {
  try {
    if (!keys_.insert(utterance.key).second) {
      throw InputError("its key was seen before in this archive", "", "every key once");
    }
    audio->open();
    if (audio->is_foreign()) read_audio(*audio, utterance);
  } catch (const Error& error) {
    utterance.fail(error);
  }
  if (utterance.outcome == Outcome::pending) return;
  audio->finish();
  audio.reset();
}

void ArkSource::finish(Audio& audio, bool was_read) {
  if (!was_read) {
    broken_ = true;
    return reader_.close();
  }
  try {
    audio.finish();
  } catch (const Error& error) {
    lost_ = error;
  }
}

}  // namespace pyser
