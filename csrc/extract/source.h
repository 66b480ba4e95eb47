// Where utterances come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "extract/packet.h"
#include "frontend/plan.h"
#include "io/ark_reader.h"
#include "io/audio.h"
#include "io/utterance.h"

namespace pyser {

// Gives utterances in order, cut into packets. What goes wrong with an utterance is told in its
// outcome; nothing is thrown for it.
class Source {
 public:
  virtual ~Source() = default;
  // Fills an empty packet with the next utterances, or the next piece of a long one, and returns
  // true; false at the end. One thread at a time.
  bool fill(const Plan& plan, const PacketLimits& limits, Packet& packet);
  // Reads the samples that fill() left for later. Any thread, not one packet twice.
  static void load(Packet& packet);
  // Lets go of what is open: a command that writes it is not left waiting.
  virtual void close() {}

 protected:
  // The next utterance: with `audio` when it is open and to be read. False at the end.
  virtual bool next(std::shared_ptr<Utterance>& utterance, std::unique_ptr<Audio>& audio) = 0;
  // Whether an utterance must be read before next() is called again.
  virtual bool is_sequential() const = 0;
  // Ends the audio that next() gave; `was_read`: without an error. Only of a sequential source.
  virtual void finish(Audio& /*audio*/, bool /*was_read*/) {}

 private:
  bool look_ahead(const PacketLimits& limits);
  void hold();
  bool begin_recording(const Plan& plan);
  void fill_piece(const PacketLimits& limits, Packet& packet);
  void add(Packet& packet);

  Packet::Item next_;     // looked at, not given; without an utterance: none
  bool is_held_ = false;  // its samples are in `held_`, for their number was unknown
  Buffer<int16_t> held_;
  std::shared_ptr<Recording> recording_;  // the one whose pieces are being given
};

// The utterances of a table: files, entries of archives, or what only `help` can read.
class TableSource : public Source {
 public:
  struct Line {
    std::string key, path;
    int64_t offset = -1;
    bool foreign = false;  // not to be opened here
    std::optional<Segment> segment;
  };

  TableSource(std::vector<Line> lines, ReadOptions options)
      : lines_(std::move(lines)), options_(options) {}

 protected:
  bool next(std::shared_ptr<Utterance>& utterance, std::unique_ptr<Audio>& audio) override;
  bool is_sequential() const override { return false; }

 private:
  std::vector<Line> lines_;
  size_t next_line_ = 0;
  ReadOptions options_;
};

// The utterances of an archive of audio, until it ends or cannot be continued.
class ArkSource : public Source {
 public:
  ArkSource(const std::string& path, ReadOptions options) : reader_(path, options) {}

  // Whether the archive ended too early. Not while another thread may be in fill().
  bool is_broken() const { return broken_; }
  void close() override { reader_.close(); }

 protected:
  bool next(std::shared_ptr<Utterance>& utterance, std::unique_ptr<Audio>& audio) override;
  bool is_sequential() const override { return true; }
  void finish(Audio& audio, bool was_read) override;

 private:
  void begin_entry(Utterance& utterance, std::unique_ptr<Audio>& audio);

  AudioArkReader reader_;
  std::unordered_set<std::string> keys_;
  std::optional<Error> lost_;  // what stood in the way after the last entry
  bool broken_ = false;
};

}  // namespace pyser
