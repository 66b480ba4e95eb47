// The logarithm of the kernels, for one number.
#pragma once

#include "kernel/log.h"
#include "simd/portable.h"

namespace pyser {

// ln x for finite x > 0 that is not subnormal: the same bits on every machine.
inline float log_of(float x) { return log_positive<Portable>(Portable::set(x))[0]; }

}  // namespace pyser
