// Compiled once for each instruction set: CMakeLists.txt names the set, its vector type and header.
#include PYSER_VECTOR_HEADER
#include "kernel/convert.h"
#include "kernel/delta.h"
#include "kernel/repeat.h"
#include "kernel/tile.h"

#define PYSER_JOIN(a, b) a##b
#define PYSER_KERNELS_OF(level) PYSER_JOIN(kernels_, level)
#define PYSER_TEXT(name) PYSER_TEXT_OF(name)
#define PYSER_TEXT_OF(name) #name

namespace pyser {

using Vector = PYSER_VECTOR;

extern const KernelSet PYSER_KERNELS_OF(PYSER_LEVEL);
const KernelSet PYSER_KERNELS_OF(PYSER_LEVEL) = {
    PYSER_TEXT(PYSER_LEVEL),
    Vector::kLanes,
    Vector::supported,
    tile<Vector, float>,
    tile<Vector, int16_t>,
    deltas<Vector>,
    widen,
    to_float<float>,
    to_float<double>,
    all_within<float>,
    all_within<double>,
    add_moments,
    repeat<Vector>,
};

}  // namespace pyser
