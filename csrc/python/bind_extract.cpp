#include "python/bind_extract.h"

#include <pybind11/functional.h>
#include <pybind11/stl.h>
#include <sys/stat.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "extract/pipeline.h"
#include "extract/source.h"
#include "frontend/compute.h"
#include "frontend/plan.h"
#include "io/ark_writer.h"
#include "io/audio.h"

namespace py = pybind11;

namespace pyser {
namespace {

constexpr double kMostSeconds = 0.1;  // without Python: signals, progress and errors wait that long

// A pipeline whose `help` is Python's; whoever holds it may let go of it at any time.
class Extraction {
 public:
  Extraction(const std::shared_ptr<Plan>& plan, const std::shared_ptr<Source>& source,
             const std::shared_ptr<ArkWriter>& writer, int num_threads, bool keep_stats,
             py::function help)
      : help_(std::move(help)) {
    const py::handle function = help_;  // kept by this object: no thread counts references to it
    pipeline_ = std::make_unique<Pipeline>(plan, source, writer, num_threads, keep_stats,
                                           [function](const std::shared_ptr<Utterance>& utterance) {
                                             const py::gil_scoped_acquire acquired;
                                             function(utterance);
                                           });
  }
  ~Extraction() { close(); }

  py::object next() {
    Results results;
    bool more = false;
    {
      const py::gil_scoped_release released;
      more = pipeline_ && pipeline_->next(kMostSeconds, results);
    }
    if (!more) return py::none();
    return py::make_tuple(results.count, results.keys, results.places, results.num_rows,
                          py::bytes(results.stats), results.told);
  }

  void close() {
    const py::gil_scoped_release released;  // a thread may be on its way into Python
    pipeline_.reset();
  }

 private:
  py::function help_;
  std::unique_ptr<Pipeline> pipeline_;
};

using Times = std::pair<double, double>;
using Line = std::tuple<std::string, std::string, int64_t, bool, std::optional<Times>>;

std::shared_ptr<TableSource> make_table(const py::iterable& lines, const ReadOptions& options) {
  std::vector<TableSource::Line> table;
  for (const py::handle item : lines) {
    auto [key, path, offset, foreign, times] = item.cast<Line>();
    TableSource::Line line{std::move(key), std::move(path), offset, foreign, std::nullopt};
    if (times) line.segment = Segment{times->first, times->second};
    table.push_back(std::move(line));
  }
  return std::make_shared<TableSource>(std::move(table), options);
}

// The bytes of the rows of int16 samples given as bytes: without NumPy, which takes long to load.
py::bytes row_bytes(const Plan& plan, const py::bytes& samples, double sample_rate) {
  const auto bytes = static_cast<std::string_view>(samples);
  std::vector<int16_t> values(bytes.size() / sizeof(int16_t));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(int16_t));
  const auto rows = compute(plan, values.data(), static_cast<int64_t>(values.size()), sample_rate);
  return py::bytes(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(float));
}

// What tells that files are still the same: a line '<bytes> <time of modification in ns>' for each,
// 'missing', or 'special' for a device or a pipe.
std::string file_states(const std::vector<std::string>& paths) {
  std::string states;
  for (const std::string& path : paths) {
    struct stat status;
    if (path.find('\0') != std::string::npos || ::stat(path.c_str(), &status) != 0) {
      states += "missing\n";
    } else if (!S_ISREG(status.st_mode)) {
      states += "special\n";
    } else {
      const int64_t time_ns = status.st_mtim.tv_sec * int64_t{1000000000} + status.st_mtim.tv_nsec;
      states += std::to_string(status.st_size) + ' ' + std::to_string(time_ns) + '\n';
    }
  }
  return states;
}

}  // namespace

void bind_extract(py::module_& module) {
  py::class_<Source, std::shared_ptr<Source>>(module, "Source", "Gives utterances in order.");
  py::class_<TableSource, Source, std::shared_ptr<TableSource>>(
      module, "TableSource",
      "Of lines (key, path, offset or -1, whether only help can read it, (start, end) in s or "
      "None)")
      .def(py::init(&make_table), py::arg("lines"), py::arg("options"));
  py::class_<ArkSource, Source, std::shared_ptr<ArkSource>>(module, "ArkSource",
                                                            "Of an archive of audio.")
      .def(py::init<const std::string&, ReadOptions>(), py::arg("path"), py::arg("options"))
      .def_property_readonly("is_broken", &ArkSource::is_broken);
  py::class_<Extraction>(module, "Extraction",
                         "Reads, computes and writes, in the order of the source; num_threads of 0 "
                         "makes no thread. help(utterance) reads what is foreign.")
      .def(py::init<const std::shared_ptr<Plan>&, const std::shared_ptr<Source>&,
                    const std::shared_ptr<ArkWriter>&, int, bool, py::function>(),
           py::arg("plan"), py::arg("source"), py::arg("writer"), py::arg("num_threads"),
           py::arg("keep_stats"), py::arg("help"))
      .def("next", &Extraction::next,
           "(finished, of those with rows: keys, places, rows, statistics, utterances to tell of), "
           "or None.")
      .def("close", &Extraction::close);
  module.def("file_states", &file_states, py::arg("paths"),
             py::call_guard<py::gil_scoped_release>(),
             "A line for each file: its size and time of modification.");
  module.def("row_bytes", &row_bytes, py::arg("plan"), py::arg("samples"), py::arg("sample_rate"),
             "Rows as bytes, of int16 samples as bytes.");
}

}  // namespace pyser
