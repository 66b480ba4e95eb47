// Samples as users have them -> float samples on the 16-bit scale.
#pragma once

#include <cstdint>

namespace pyser {

// T is int16_t (PCM; `scale` is not applied), float or double.

// Throws InputError, naming index `first` + i, for NaN, infinity and magnitudes that leave the
// 16-bit scale once multiplied by `scale`.
template <class T>
void check_samples(const T* samples, int64_t count, double scale, int64_t first);

// samples * scale -> output [count].
void to_pcm_scale(const int16_t* samples, int64_t count, double scale, float* output);
void to_pcm_scale(const float* samples, int64_t count, double scale, float* output);
void to_pcm_scale(const double* samples, int64_t count, double scale, float* output);

}  // namespace pyser
