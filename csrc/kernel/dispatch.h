// Which kernels run: the fastest that the processor and the operating system support, unless the
// environment variable PYSER_SIMD names others.
#pragma once

#include <string>
#include <vector>

#include "kernel/kernel_set.h"

namespace pyser {

// Names of the supported instruction sets, slowest first.
std::vector<std::string> simd_levels();

// The kernels in use. Throws InputError when PYSER_SIMD names none of simd_levels().
const KernelSet& kernels();

// Chooses others, for this process. Throws InputError for a name that is not in simd_levels().
void set_simd_level(const std::string& name);
void set_kernels(const KernelSet& set);

}  // namespace pyser
