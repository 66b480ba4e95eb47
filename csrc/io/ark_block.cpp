#include "io/ark_block.h"

#include "io/matrix_format.h"

namespace pyser {

int64_t ArkBlock::begin(const ArkFormat& format, const std::string& key, int64_t num_rows,
                        int dim) {
  const size_t before = text_.size();
  text_ += key;
  text_ += ' ';
  const int64_t place = size_ + static_cast<int64_t>(text_.size() - before);
  if (format.text) {
    begin_text(text_);
  } else if (format.compression == 0) {
    append_header(text_, "FM", num_rows, dim);
  }
  size_ += static_cast<int64_t>(text_.size() - before);
  return place;
}

void ArkBlock::append(const ArkFormat& format, const float* rows, int64_t num_rows, int dim) {
  const size_t before = text_.size();
  if (format.text) {
    append_text(text_, rows, num_rows, dim);
  } else if (format.compression != 0) {
    append_compressed(text_, rows, num_rows, dim, format.compression);
  } else {
    close_text();
    const size_t count = static_cast<size_t>(num_rows) * dim * sizeof(float);
    parts_.push_back({reinterpret_cast<const char*>(rows), 0, count});
    size_ += static_cast<int64_t>(count);
  }
  size_ += static_cast<int64_t>(text_.size() - before);
}

void ArkBlock::end(const ArkFormat& format) {
  if (!format.text) return;
  const size_t before = text_.size();
  end_text(text_);
  size_ += static_cast<int64_t>(text_.size() - before);
}

void ArkBlock::close_text() {
  if (text_.size() == text_begin_) return;
  parts_.push_back({nullptr, text_begin_, text_.size() - text_begin_});
  text_begin_ = text_.size();
}

void ArkBlock::clear() {
  parts_.clear();
  text_.clear();
  text_begin_ = 0;
  size_ = 0;
}

std::vector<std::string_view> ArkBlock::parts() const {
  std::vector<std::string_view> all;
  all.reserve(parts_.size() + 1);
  for (const Part& part : parts_) {
    all.emplace_back(part.bytes ? part.bytes : text_.data() + part.begin, part.size);
  }
  if (text_.size() > text_begin_) {
    all.push_back(std::string_view(text_).substr(text_begin_));
  }
  return all;
}

}  // namespace pyser
