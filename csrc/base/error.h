// The errors the library throws; each says what was found, where, what was expected, what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pyser {

// Base of all errors. Fields that do not apply are left empty.
struct Error : std::runtime_error {
  explicit Error(std::string found, std::string where = "", std::string expected = "",
                 std::string remedy = "")
      : std::runtime_error(found),
        found(std::move(found)),
        where(std::move(where)),
        expected(std::move(expected)),
        remedy(std::move(remedy)) {}

  std::string found, where, expected, remedy;
};

// A value, array, file content or configuration that cannot be used.
struct InputError : Error {
  using Error::Error;
};

// A file that cannot be read or written.
struct FileError : Error {
  using Error::Error;
};

}  // namespace pyser
