// Measurements that need a look inside: used by tests/bench only.
#include "python/bind_bench.h"

#include <pybind11/numpy.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/error.h"
#include "frontend/stream.h"
#include "kernel/copy.h"
#include "kernel/dispatch.h"

namespace py = pybind11;

namespace pyser {
namespace {

using Samples = py::array_t<int16_t, py::array::c_style>;

// Nanoseconds that `work` takes.
template <class Work>
double nanoseconds(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

// Time of each part of the work in ns per frame: each runs by itself, on data in the cache.
py::dict stage_times(const Plan& plan, const Samples& samples, int repeats) {
  const KernelTables& tables = plan.kernel().tables();
  const KernelSet& set = kernels();
  const int64_t needed = tables.length + int64_t{set.lanes} * tables.shift;
  if (samples.size() < needed) {
    throw InputError("there are " + std::to_string(samples.size()) + " samples", "samples",
                     "at least " + std::to_string(needed));
  }
  Workspace workspace(plan);
  const int stride = plan.delta().stride();
  std::vector<float> rows(64 * stride), output(32 * plan.dim());
  std::vector<const int16_t*> starts;
  std::vector<float*> ends;
  for (int lane = 0; lane < set.lanes; ++lane) {
    starts.push_back(samples.data() + int64_t{lane} * tables.shift);
    ends.push_back(rows.data() + int64_t{lane} * stride);
  }
  py::dict times;
  const std::pair<const char*, Stage> stages[] = {{"framing", Stage::kFraming},
                                                  {"FFT", Stage::kFft},
                                                  {"mel", Stage::kMel},
                                                  {"log", Stage::kLog},
                                                  {"rows", Stage::kRows}};
  for (const auto& [name, stage] : stages) {
    const double total = nanoseconds([&, stage = stage] {
      set.repeat(tables, workspace.scratch(set.lanes), starts.data(), stage, repeats, ends.data());
    });
    times[name] = total / repeats / set.lanes;
  }
  DeltaStream deltas(plan.delta());
  std::fill_n(deltas.grow(32), 32 * stride, 1.0f);
  times["deltas"] = nanoseconds([&] {
                      for (int i = 0; i < repeats; ++i) {
                        std::fill_n(deltas.grow(32), 32 * stride, 1.0f);
                        deltas.emit(32, false, output.data());
                      }
                    }) /
                    repeats / 32;
  return times;
}

// Time of a stream that is given `chunk` samples at once, in ns per frame.
double stream_time(const Plan& plan, const Samples& samples, int64_t chunk, int repeats) {
  std::vector<float> rows(plan.num_frames(samples.size()) * plan.dim());
  const double rate = plan.options().sample_frequency;
  const double total = nanoseconds([&] {
    for (int i = 0; i < repeats; ++i) {
      Stream stream(plan, rate);
      float* output = rows.data();
      for (int64_t at = 0; at < samples.size(); at += chunk) {
        const int64_t count = std::min<int64_t>(chunk, samples.size() - at);
        const int64_t written = stream.num_rows(count, false);
        stream.accept(samples.data() + at, count, 1.0, output);
        output += written * plan.dim();
      }
      stream.finish(output);
    }
  });
  return total / repeats / static_cast<double>(plan.num_frames(samples.size()));
}

}  // namespace

void bind_bench(py::module_& module) {
  module.def("stage_times", &stage_times, py::arg("plan"), py::arg("samples"), py::arg("repeats"));
  module.def("stream_time", &stream_time, py::arg("plan"), py::arg("samples"),
             py::arg("chunk_samples"), py::arg("repeats"));
  module.def("use_copy_kernel", [](bool copy) {
    if (copy) return set_kernels(copying_kernels());
    set_simd_level(simd_levels().back());
  });
}

}  // namespace pyser
