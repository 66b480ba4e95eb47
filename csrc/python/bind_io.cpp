#include "python/bind_io.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "io/ark_block.h"
#include "io/ark_reader.h"
#include "io/ark_writer.h"
#include "io/audio.h"
#include "io/segment.h"
#include "io/utterance.h"
#include "io/wav.h"
#include "python/bind_extract.h"

namespace py = pybind11;

namespace pyser {
namespace {

using Samples = py::array_t<int16_t, py::array::c_style>;
using Rows = py::array_t<float, py::array::c_style>;

const char* outcome_name(const Utterance& utterance) {
  switch (utterance.outcome) {
    case Outcome::pending:
      return "pending";
    case Outcome::loaded:
      return "loaded";
    case Outcome::foreign:
      return "foreign";
    case Outcome::computed:
      return "computed";
    case Outcome::too_short:
      return "short";
    case Outcome::failed:
      return "failed";
  }
  return "";
}

void set_samples(Utterance& utterance, const Samples& samples, double sample_rate) {
  if (samples.ndim() != 1) throw py::value_error("samples must have one dimension");
  utterance.samples.assign(samples.data(), samples.data() + samples.size());
  utterance.sample_rate = sample_rate;
  utterance.outcome = Outcome::loaded;
}

void set_rows(Utterance& utterance, const Rows& rows, double sample_rate) {
  if (rows.ndim() != 2) throw py::value_error("rows must have two dimensions");
  utterance.rows.assign(rows.data(), rows.data() + rows.size());
  utterance.num_rows = rows.shape(0);
  utterance.sample_rate = sample_rate;
  utterance.outcome = utterance.num_rows > 0 ? Outcome::computed : Outcome::too_short;
}

// Writes one matrix; returns the byte a scp line names.
int64_t write_rows(ArkWriter& writer, const std::string& key, const Rows& rows) {
  if (rows.ndim() != 2) throw py::value_error("rows must have two dimensions");
  ArkBlock block;
  const int dim = static_cast<int>(rows.shape(1));
  const int64_t place = writer.position() + block.begin(writer.format(), key, rows.shape(0), dim);
  block.append(writer.format(), rows.data(), rows.shape(0), dim);
  block.end(writer.format());
  const py::gil_scoped_release released;
  writer.write(block);
  return place;
}

// Reads the next entry of an archive whole; what is wrong with it alone is told in the utterance.
bool next_entry(AudioArkReader& reader, Utterance& utterance) {
  const py::gil_scoped_release released;
  utterance = Utterance();
  std::unique_ptr<Audio> audio;
  if (!reader.next(utterance, audio)) return false;
  try {
    audio->open();
  } catch (const Error& error) {
    utterance.fail(error);
  }
  if (utterance.outcome == Outcome::pending) read_audio(*audio, utterance);
  audio->finish();
  return true;
}

void bind_utterance(py::module_& module) {
  py::class_<ReadOptions>(module, "ReadOptions", "How audio is read.")
      .def(py::init([](int channel, bool allow_truncated) {
             return ReadOptions{channel, allow_truncated};
           }),
           py::arg("channel") = -1, py::arg("allow_truncated") = false)
      .def_readonly("channel", &ReadOptions::channel)
      .def_readonly("allow_truncated", &ReadOptions::allow_truncated);

  py::class_<Utterance, std::shared_ptr<Utterance>>(module, "Utterance",
                                                    "One utterance on its way to rows.")
      .def(py::init([](std::string key, std::string path, int64_t offset) {
             auto utterance = std::make_shared<Utterance>();
             utterance->key = std::move(key);
             utterance->path = std::move(path);
             utterance->offset = offset;
             return utterance;
           }),
           py::arg("key"), py::arg("path"), py::arg("offset") = -1)
      .def_readonly("key", &Utterance::key)
      .def_readonly("path", &Utterance::path)
      .def_readonly("offset", &Utterance::offset)
      .def_property_readonly("outcome", &outcome_name)
      .def_readonly("sample_rate", &Utterance::sample_rate)
      .def_readwrite("truncated", &Utterance::truncated)
      .def_readonly("num_rows", &Utterance::num_rows)
      .def_readonly("found", &Utterance::found)
      .def_readonly("expected", &Utterance::expected)
      .def_readonly("remedy", &Utterance::remedy)
      .def_property_readonly("blob", [](const Utterance& self) { return py::bytes(self.blob); })
      .def_property_readonly(
          "samples",
          [](const Utterance& self) { return Samples(self.samples.size(), self.samples.data()); })
      .def("set_samples", &set_samples, py::arg("samples"), py::arg("sample_rate"))
      .def("set_rows", &set_rows, py::arg("rows"), py::arg("sample_rate"))
      .def("fail", py::overload_cast<std::string, std::string, std::string>(&Utterance::fail),
           py::arg("found"), py::arg("expected") = "", py::arg("remedy") = "")
      .def("read_file",
           [](Utterance& self, const ReadOptions& options) {
             py::gil_scoped_release released;
             read_audio_file(options, self);
           })
      .def("read_bytes", [](Utterance& self, const py::bytes& bytes, const ReadOptions& options) {
        const auto view = static_cast<std::string_view>(bytes);
        read_audio_bytes(view, options, self);
        if (self.outcome == Outcome::foreign) self.blob = std::string(view);
      });
}

void bind_archives(py::module_& module) {
  py::class_<ArkWriter, std::shared_ptr<ArkWriter>>(module, "ArkWriter",
                                                    "Writes a Kaldi archive of float matrices.")
      .def(py::init([](const std::string& path, bool text, int compression) {
             return std::make_shared<ArkWriter>(path, ArkFormat{text, compression});
           }),
           py::arg("path"), py::arg("text") = false, py::arg("compression") = 0)
      .def("write", &write_rows, py::arg("key"), py::arg("rows"))
      .def("close", &ArkWriter::close, py::call_guard<py::gil_scoped_release>());

  py::class_<AudioArkReader>(module, "AudioArkReader", "Reads an archive of audio.")
      .def(py::init<const std::string&, ReadOptions>(), py::arg("path"), py::arg("options"))
      .def("next", &next_entry, py::arg("utterance"))
      .def("close", &AudioArkReader::close);

  module.def("checked_channel", &checked_channel, py::arg("channels"), py::arg("options"),
             py::arg("where"), "The channel to take; InputError when that is not clear.");
  module.def(
      "segment_samples",
      [](int64_t num_samples, double sample_rate, double start_s, double end_s) {
        return segment_samples({start_s, end_s}, num_samples, sample_rate);
      },
      py::arg("num_samples"), py::arg("sample_rate"), py::arg("start_s"), py::arg("end_s"),
      "The first sample and the number of samples of a segment; InputError outside of them.");
  module.def("check_sample_rate", &check_sample_rate, py::arg("sample_rate"), py::arg("where"),
             "InputError for a sample rate in Hz that can only be damage.");
}

}  // namespace

void bind_io(py::module_& module) {
  bind_utterance(module);
  bind_archives(module);
  bind_extract(module);
}

}  // namespace pyser
