#include "python/bind_io.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/compute.h"
#include "io/ark_reader.h"
#include "io/ark_writer.h"
#include "io/audio.h"
#include "io/batch.h"
#include "io/byte_source.h"
#include "io/utterance.h"
#include "io/wav.h"

namespace py = pybind11;

namespace pyser {
namespace {

using Samples = py::array_t<int16_t, py::array::c_style>;
using Rows = py::array_t<float, py::array::c_style>;
using Utterances = std::vector<std::shared_ptr<Utterance>>;

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

// Writes what was computed; returns the offset of each utterance, -1 for those without rows.
std::vector<int64_t> write_all(ArkWriter& writer, const Utterances& utterances) {
  std::vector<int64_t> offsets;
  for (const auto& utterance : utterances) {
    if (utterance->outcome != Outcome::computed) {
      offsets.push_back(-1);
      continue;
    }
    const int dim = static_cast<int>(utterance->rows.size() / utterance->num_rows);
    offsets.push_back(
        writer.write(utterance->key, utterance->rows.data(), utterance->num_rows, dim));
  }
  return offsets;
}

// Keys become str: one that is no UTF-8 is found here, and not kept.
bool next_entry(AudioArkReader& reader, Utterance& utterance) {
  {
    const py::gil_scoped_release released;
    if (!reader.next(utterance)) return false;
  }
  const std::string& key = utterance.key;
  const auto text = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(key.data(), static_cast<py::ssize_t>(key.size()), nullptr));
  if (text) return true;
  PyErr_Clear();
  utterance.key.clear();
  throw InputError("has a key that is not UTF-8, before byte " + std::to_string(utterance.offset),
                   utterance.path);
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
      .def_property_readonly("num_bytes",
                             [](const Utterance& self) {
                               return self.samples.size() * sizeof(int16_t) + self.blob.size();
                             })
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
        ByteSource source(view, self.path);
        read_audio(source, options, self);
        if (self.outcome == Outcome::foreign) self.blob = std::string(view);
      });
}

size_t run(const Plan& plan, const Utterances& utterances, const ReadOptions& read,
           int num_threads) {
  BatchOptions options;
  options.read = read;
  options.dim = plan.dim();
  options.num_threads = num_threads;
  const Compute rows = [&plan](const int16_t* samples, int64_t count, double sample_rate) {
    return compute(plan, samples, count, sample_rate);
  };
  return run_batch(utterances, rows, options);
}

void bind_archives(py::module_& module) {
  py::class_<ArkWriter>(module, "ArkWriter", "Writes a Kaldi archive of float matrices.")
      .def(py::init([](const std::string& path, bool text, int compression) {
             return std::make_unique<ArkWriter>(path, ArkFormat{text, compression});
           }),
           py::arg("path"), py::arg("text") = false, py::arg("compression") = 0)
      .def("write_all", &write_all, py::arg("utterances"), py::call_guard<py::gil_scoped_release>())
      .def("close", &ArkWriter::close, py::call_guard<py::gil_scoped_release>());

  py::class_<AudioArkReader>(module, "AudioArkReader", "Reads an archive of audio.")
      .def(py::init<const std::string&, ReadOptions>(), py::arg("path"), py::arg("options"))
      .def("next", &next_entry, py::arg("utterance"))
      .def("close", &AudioArkReader::close);

  module.def("run_batch", &run, py::arg("plan"), py::arg("utterances"), py::arg("options"),
             py::arg("num_threads"), py::call_guard<py::gil_scoped_release>(),
             "Read and compute the first utterances, as many as memory allows; returns how many.");
  module.def("checked_channel", &checked_channel, py::arg("channels"), py::arg("options"),
             py::arg("where"), "The channel to take; InputError when that is not clear.");
  module.def("check_sample_rate", &check_sample_rate, py::arg("sample_rate"), py::arg("where"),
             "InputError for a sample rate in Hz that can only be damage.");
}

}  // namespace

void bind_io(py::module_& module) {
  bind_utterance(module);
  bind_archives(module);
}

}  // namespace pyser
