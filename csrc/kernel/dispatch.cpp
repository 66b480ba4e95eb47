#include "kernel/dispatch.h"

#include <atomic>
#include <cstdlib>

#include "base/error.h"

namespace pyser {

// The sets that were compiled, slowest first: written by CMakeLists.txt.
#define PYSER_LEVEL(name) extern const KernelSet kernels_##name;
#include "levels.inc"
#undef PYSER_LEVEL

namespace {

const KernelSet* const kCompiled[] = {
#define PYSER_LEVEL(name) &kernels_##name,
#include "levels.inc"
#undef PYSER_LEVEL
};

std::atomic<const KernelSet*> chosen{nullptr};

const KernelSet& named(const std::string& name, const char* where) {
  std::string names;
  for (const KernelSet* set : kCompiled) {
    if (!set->supported()) continue;
    if (set->name == name) return *set;
    names += (names.empty() ? "" : ", ") + std::string(set->name);
  }
  throw InputError("'" + name + "' is no instruction set of this machine", where, names);
}

const KernelSet& fastest() {
  const char* wanted = std::getenv("PYSER_SIMD");
  if (wanted && *wanted) return named(wanted, "PYSER_SIMD");
  return named(simd_levels().back(), "");
}

}  // namespace

std::vector<std::string> simd_levels() {
  std::vector<std::string> names;
  for (const KernelSet* set : kCompiled) {
    if (set->supported()) names.push_back(set->name);
  }
  return names;
}

const KernelSet& kernels() {
  const KernelSet* set = chosen.load(std::memory_order_relaxed);
  if (!set) chosen = set = &fastest();
  return *set;
}

void set_simd_level(const std::string& name) { set_kernels(named(name, "simd_level")); }

void set_kernels(const KernelSet& set) { chosen = &set; }

}  // namespace pyser
