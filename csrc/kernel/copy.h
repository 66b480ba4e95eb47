// Kernels that compute nothing and write as much as the others: what is left is the cost of reading
// and writing. For measurements only.
#pragma once

#include "kernel/kernel_set.h"

namespace pyser {

const KernelSet& copying_kernels();

}  // namespace pyser
