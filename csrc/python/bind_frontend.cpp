#include "python/bind_frontend.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "frontend/compute.h"
#include "python/bind_options.h"

namespace py = pybind11;

namespace pyser {
namespace {

// --------------------------------------------------------------------------------- samples

// Calls `use` with a typed pointer to the elements of a contiguous row of int16, float32 or float64
// at an address that suits them: loops that were made into vectors count on that.
// Anything else is a TypeError: Python then looks at it more closely, and converts or refuses it.
template <class Use>
auto with_samples(const py::array& samples, Use use) {
  constexpr int kFlags = py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if (samples.ndim() == 1 && (samples.flags() & kFlags) == kFlags) {
    if (py::isinstance<py::array_t<int16_t>>(samples)) {
      return use(static_cast<const int16_t*>(samples.data()));
    }
    if (py::isinstance<py::array_t<float>>(samples)) {
      return use(static_cast<const float*>(samples.data()));
    }
    if (py::isinstance<py::array_t<double>>(samples)) {
      return use(static_cast<const double*>(samples.data()));
    }
  }
  throw py::type_error("samples must be a contiguous row of int16, float32 or float64");
}

py::array_t<float> new_rows(int64_t count, int dim) {
  return py::array_t<float>(std::vector<py::ssize_t>{count, dim});
}

py::array_t<float> compute_array(const Plan& plan, const py::array& samples, double sample_rate) {
  const int64_t count = samples.size();
  const double scale = plan.options().input_scale;
  return with_samples(samples, [&](auto* data) {
    auto rows = new_rows(plan.num_frames(count, sample_rate), plan.dim());
    float* output = rows.mutable_data();
    const py::gil_scoped_release release;
    compute_into(plan, data, count, sample_rate, scale, output);
    return rows;
  });
}

// ----------------------------------------------------------------------------------- batch

// One signal of a batch, and what became of it.
struct Job {
  std::function<void()> run;
  std::exception_ptr error;
};

// Works through `jobs` with `num_threads` threads, the calling one included.
void run_jobs(std::vector<Job>& jobs, int num_threads) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      try {
        jobs[i].run();
      } catch (...) {
        jobs[i].error = std::current_exception();
      }
    }
  };
  std::vector<std::thread> threads;
  const auto others = static_cast<int>(std::min<size_t>(num_threads, jobs.size())) - 1;
  try {
    for (int i = 0; i < others; ++i) threads.emplace_back(work);
  } catch (const std::system_error&) {  // no more threads to be had: go on with those there are
  }
  work();
  for (auto& thread : threads) thread.join();
}

// Throws the error of the first signal that has one, with its index.
void throw_first(const std::vector<Job>& jobs) {
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (!jobs[i].error) continue;
    try {
      std::rethrow_exception(jobs[i].error);
    } catch (InputError& error) {
      error.where = "signal " + std::to_string(i) + ", " + error.where;
      throw;
    }
  }
}

py::list compute_batch(const Plan& plan, const std::vector<py::array>& signals, double sample_rate,
                       int num_threads) {
  py::list results;
  std::vector<Job> jobs;
  for (const py::array& samples : signals) {
    const int64_t count = samples.size();
    auto rows = new_rows(plan.num_frames(count, sample_rate), plan.dim());
    float* output = rows.mutable_data();
    with_samples(samples, [&, count, output](auto* data) {
      jobs.push_back({[&plan, data, count, sample_rate, output] {
                        compute_into(plan, data, count, sample_rate, plan.options().input_scale,
                                     output);
                      },
                      nullptr});
    });
    results.append(std::move(rows));
  }
  {
    const py::gil_scoped_release release;
    run_jobs(jobs, num_threads);
  }
  throw_first(jobs);
  return results;
}

// ---------------------------------------------------------------------------------- stream

// A stream that keeps its plan alive, and that several threads may call, one at a time.
class SharedStream {
 public:
  SharedStream(std::shared_ptr<const Plan> plan, double sample_rate)
      : plan_(std::move(plan)), stream_(*plan_, sample_rate) {}

  py::array_t<float> accept(const py::array& samples) {
    const int64_t count = samples.size();
    return with_samples(samples, [&](auto* data) {
      return produce(count, false, [&](float* rows) {
        stream_.accept(data, count, plan_->options().input_scale, rows);
      });
    });
  }

  py::array_t<float> finish() {
    return produce(0, true, [&](float* rows) { stream_.finish(rows); });
  }

 private:
  template <class Write>
  py::array_t<float> produce(int64_t count, bool finish, Write write) {
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    {
      const py::gil_scoped_release release;  // whoever holds the lock may need the GIL
      lock.lock();
    }
    auto rows = new_rows(stream_.num_rows(count, finish), plan_->dim());
    float* output = rows.mutable_data();
    const py::gil_scoped_release release;
    write(output);
    return rows;
  }

  std::mutex mutex_;
  std::shared_ptr<const Plan> plan_;
  Stream stream_;
};

// (name, columns) of the blocks that deltas are computed of.
std::vector<std::pair<std::string, int>> static_blocks(const Plan& plan) {
  std::vector<std::pair<std::string, int>> blocks;
  if (plan.kept_dim() > 0) blocks.emplace_back("static", plan.kept_dim());
  for (const FrameFeature feature : plan.frame_features()) {
    blocks.emplace_back(kFrameFeatureNames.at(static_cast<size_t>(feature)), 1);
  }
  return blocks;
}

}  // namespace

void bind_frontend(py::module_& module) {
  py::class_<Plan, std::shared_ptr<Plan>>(module, "Plan", "Immutable tables made from options.")
      .def(py::init([](const py::dict& values) {
             return std::const_pointer_cast<Plan>(Plan::make(options_from(values)));
           }),
           py::arg("options"))
      .def_property_readonly("dim", &Plan::dim)
      .def_property_readonly("static_blocks", &static_blocks)
      .def("num_frames", py::overload_cast<int64_t, double>(&Plan::num_frames, py::const_),
           py::arg("num_samples"), py::arg("sample_rate"))
      .def("compute", &compute_array, py::arg("samples"), py::arg("sample_rate"))
      .def("batch", &compute_batch, py::arg("signals"), py::arg("sample_rate"),
           py::arg("num_threads"));
  py::class_<SharedStream>(module, "Stream", "One signal on its way through a plan.")
      .def(py::init<std::shared_ptr<Plan>, double>(), py::arg("plan"), py::arg("sample_rate"))
      .def("accept", &SharedStream::accept, py::arg("samples"))
      .def("finish", &SharedStream::finish);
}

}  // namespace pyser
