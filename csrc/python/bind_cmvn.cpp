#include "python/bind_cmvn.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "dsp/cmvn.h"
#include "io/stats_archive.h"

namespace py = pybind11;

namespace pyser {
namespace {

using Rows = py::array_t<float, py::array::c_style>;
using Columns = py::array_t<double, py::array::c_style>;

void check_rows(const Rows& rows) {
  if (rows.ndim() != 2) throw py::value_error("rows must have two dimensions");
}

py::array_t<double> as_matrix(const CmvnStats& stats) {
  return py::array_t<double>({2, stats.dim() + 1}, stats.matrix().data());
}

py::array_t<double> stats_of(const Rows& rows, const std::optional<Rows>& weights) {
  check_rows(rows);
  if (weights && (weights->ndim() != 1 || weights->shape(0) != rows.shape(0))) {
    throw py::value_error("weights must have one value a row");
  }
  CmvnStats stats(static_cast<int>(rows.shape(1)));
  {
    const float* factors = weights ? weights->data() : nullptr;
    const py::gil_scoped_release release;
    stats.add(rows.data(), rows.shape(0), factors);
  }
  return as_matrix(stats);
}

Rows normalised(const Rows& rows, const Columns& mean, const Columns& scale) {
  check_rows(rows);
  const int dim = static_cast<int>(rows.shape(1));
  if (mean.size() != dim || scale.size() != dim) throw py::value_error("one value a column");
  Rows output({rows.shape(0), rows.shape(1)});
  float* to = output.mutable_data();
  const py::gil_scoped_release release;
  normalise(rows.data(), rows.shape(0), dim, mean.data(), scale.data(), to);
  return output;
}

Rows normalised_sliding(const Rows& rows, int cmn_window, int min_cmn_window, bool norm_vars,
                        bool center) {
  check_rows(rows);
  const SlidingCmvn options{cmn_window, min_cmn_window, norm_vars, center};
  Rows output({rows.shape(0), rows.shape(1)});
  float* to = output.mutable_data();
  const py::gil_scoped_release release;
  normalise_sliding(options, rows.data(), rows.shape(0), static_cast<int>(rows.shape(1)), to);
  return output;
}

py::object archived_stats(StatsReader& reader, const std::string& path, int64_t offset) {
  std::optional<CmvnStats> stats;
  {
    const py::gil_scoped_release release;
    stats = reader.stats(path, offset);
  }
  return stats ? py::object(as_matrix(*stats)) : py::object(py::none());
}

}  // namespace

void bind_cmvn(py::module_& module) {
  module.def("cmvn_stats", &stats_of, py::arg("rows"), py::arg("weights") = py::none(),
             "Kaldi's statistics, float64 [2, D + 1], of rows [T, D].");
  module.def("normalise", &normalised, py::arg("rows"), py::arg("mean"), py::arg("scale"),
             "(rows - mean) scale in double, as float32.");
  module.def("normalise_sliding", &normalised_sliding, py::arg("rows"), py::arg("cmn_window"),
             py::arg("min_cmn_window"), py::arg("norm_vars"), py::arg("center"),
             "Rows normalised by a window of frames around or before each.");
  py::class_<StatsReader>(module, "StatsReader", "Statistics of matrices in archives.")
      .def(py::init<>())
      .def("stats", &archived_stats, py::arg("path"), py::arg("offset"),
           "float64 [2, D + 1]; None when that is no complete float matrix with frames.");
}

}  // namespace pyser
