#include "dsp/mel.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace pyser {
namespace {

struct Edges {
  double low_hz, high_hz;
};

Edges mel_edges(const Options& o) {
  const double nyquist = 0.5 * o.sample_frequency;
  const Edges edges{o.low_freq, o.high_freq > 0 ? o.high_freq : nyquist + o.high_freq};
  if (edges.low_hz < edges.high_hz && edges.high_hz <= nyquist) return edges;
  throw InputError(
      "the mel filters would span " + text(edges.low_hz) + " to " + text(edges.high_hz) + " Hz",
      "low_freq, high_freq",
      "low_freq < high_freq <= " + text(nyquist) + " Hz, half the sample_frequency",
      "set high_freq=0 for all frequencies up to the Nyquist frequency");
}

// Kaldi's vocal tract length normalisation: f -> f / warp between the inflection points, straight
// lines from there to the edges, which stay where they are.
std::function<double(double)> vtln_warp(const Options& o, Edges edges) {
  if (o.vtln_warp == 1) return [](double hz) { return hz; };
  const double high = o.vtln_high < 0 ? o.vtln_high + 0.5 * o.sample_frequency : o.vtln_high;
  const double from = o.vtln_low * std::max(1.0, o.vtln_warp);
  const double to = high * std::min(1.0, o.vtln_warp);
  if (!(edges.low_hz < o.vtln_low && o.vtln_low < high && high < edges.high_hz && from < to)) {
    throw InputError("the inflection points are " + text(o.vtln_low) + " and " + text(high) + " Hz",
                     "vtln_low, vtln_high",
                     "low_freq < vtln_low < vtln_high < high_freq, with room for vtln_warp=" +
                         text(o.vtln_warp));
  }
  return [=, warp = o.vtln_warp](double hz) {
    if (hz < edges.low_hz || hz > edges.high_hz) return hz;
    if (hz < from) {
      const double slope = (from / warp - edges.low_hz) / (from - edges.low_hz);
      return edges.low_hz + slope * (hz - edges.low_hz);
    }
    if (hz < to) return hz / warp;
    const double slope = (edges.high_hz - to / warp) / (edges.high_hz - to);
    return edges.high_hz + slope * (hz - edges.high_hz);
  };
}

double mel_of_hz(double hz) { return 1127 * std::log(1 + hz / 700); }

double hz_of_mel(double mel) { return 700 * (std::exp(mel / 1127) - 1); }

// Mel frequencies of the FFT bins below the Nyquist frequency; the bin there is in no filter.
std::vector<double> mel_of_bins(double bin_width_hz, int fft_length) {
  std::vector<double> mels;
  for (int k = 0; k < (fft_length + 1) / 2; ++k) mels.push_back(mel_of_hz(bin_width_hz * k));
  return mels;
}

void check_filter(int filter, const std::vector<double>& mels, double left, double right,
                  double bin_width_hz) {
  const auto first = std::upper_bound(mels.begin(), mels.end(), left);
  if (first != mels.end() && *first < right) return;
  throw InputError("mel filter " + std::to_string(filter) + " contains no FFT bin", "num_mel_bins",
                   "filters wider than " + text(bin_width_hz) + " Hz, the distance of FFT bins",
                   "use fewer mel bins or longer frames");
}

}  // namespace

MelBank::MelBank(const Options& o, int fft_length) {
  const Edges edges = mel_edges(o);
  const auto warp = vtln_warp(o, edges);
  const double low = mel_of_hz(edges.low_hz);
  const double step = (mel_of_hz(edges.high_hz) - low) / (o.num_mel_bins + 1);
  const auto corner = [&](int i) { return mel_of_hz(warp(hz_of_mel(low + i * step))); };
  const double bin_width_hz = o.sample_frequency / fft_length;
  const std::vector<double> mels = mel_of_bins(bin_width_hz, fft_length);
  for (int m = 0; m < o.num_mel_bins; ++m) {
    check_filter(m, mels, corner(m), corner(m + 2), bin_width_hz);
  }
  for (int i = 0; i <= o.num_mel_bins; ++i) {
    const double left = corner(i), right = corner(i + 1);
    const auto first = std::upper_bound(mels.begin(), mels.end(), left);
    const auto last = std::upper_bound(first, mels.end(), right);
    Stretch stretch{static_cast<int>(first - mels.begin()), {}, {}};
    for (auto mel = first; mel != last; ++mel) {
      const double falling = i == 0 ? 0 : (right - *mel) / (right - left);
      const double rising = i == o.num_mel_bins ? 0 : (*mel - left) / (right - left);
      stretch.falling.push_back(static_cast<float>(falling));
      stretch.rising.push_back(static_cast<float>(rising));
    }
    stretches_.push_back(std::move(stretch));
  }
}

}  // namespace pyser
