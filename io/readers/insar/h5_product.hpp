#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/archive/h5.hpp"
#include "io/readers/insar/raw_pixels.hpp"

namespace highwall::insar {

/// An HDF5 file of another program, opened where it lies. HDF5 itself opens nothing: it asks for bytes through a driver of ours,
/// which reads this one file and no other, takes no locks and cannot write.
class H5Product {
 public:
  /// @throws Error(input) when it is no sound HDF5 file
  explicit H5Product(const std::filesystem::path& path);
  /// The same for bytes in memory, which must outlive it.
  H5Product(std::string_view bytes, const std::string& name);

  hid_t root() const noexcept { return file_.get(); }
  const std::filesystem::path& path() const noexcept { return path_; }

  /// True when the path ("a/b/c") leads to something.
  bool has(const std::string& path) const;
  /// An attribute of the root, or of what lies at `at`, as text: numbers are written out. nullopt = not there.
  std::optional<std::string> attribute(const std::string& name, const std::string& at = "/") const;
  std::optional<double> number_attribute(const std::string& name, const std::string& at = "/") const;

  struct Data {
    h5::Handle id;
    std::vector<std::size_t> shape;  ///< Empty for a single value.
    std::size_t count = 1;
    std::size_t element = 0;  ///< Bytes of one.
    H5T_class_t kind = H5T_NO_CLASS;
  };
  /// @throws Error(input) when it is missing, lies in another file, or claims more values than the file can hold
  Data open(const std::string& path, std::size_t chunk_cache_bytes = 0) const;
  std::vector<std::string> texts(const std::string& path) const;
  /// @throws Error(input) also for more than `most` of them
  std::vector<double> numbers(const std::string& path, std::size_t most = std::size_t{1} << 24U) const;

  /// Byte at which a stored chunk begins; UINT64_MAX = it is not stored.
  std::uint64_t chunk_address(hid_t data, const hsize_t* offset) const;
  /// Files that pixels are read from by place; none for bytes in memory.
  const std::shared_ptr<FilePool>& pool() const noexcept { return pool_; }

  [[noreturn]] void fail(const std::string& what, const std::string& hint = "the file is damaged or of another format") const;

  struct Lent;  ///< What the driver reads from.

 private:
  void open_file();

  std::filesystem::path path_;
  std::shared_ptr<FilePool> pool_;
  std::shared_ptr<Lent> lent_;
  h5::Handle file_;  ///< Last: closed before what it reads from.
};

/// Planes of a data set of two or three dimensions (plane, row, column). Values that lie unpacked in the file are read from it by
/// place, at the speed of memory whatever the rows; others through HDF5.
/// @return the pixels of one plane each, in the order of `planes`
std::vector<std::shared_ptr<const Pixels>> planes_of(const std::shared_ptr<const H5Product>& product, const std::string& path,
                                                     const std::vector<std::size_t>& planes);

}  // namespace highwall::insar
