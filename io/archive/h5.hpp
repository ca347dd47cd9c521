#pragma once

#include <hdf5.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace highwall::h5 {

/// An HDF5 handle that closes itself. Every call's result is checked by `check`.
class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  hid_t get() const noexcept { return id_; }
  void reset();

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

template <class T>
hid_t type_of();

/// An HDF5 file in memory: it never touches the disk itself, so that a full disk or a crash is a
/// matter of io/durable alone. Format V110, fletcher32 on every dataset, no time stamps.
class Image {
 public:
  /// A new, empty file.
  Image();
  /// Opens bytes read-only, without copying them: they must outlive the image.
  /// @throws Error(storage) naming `name` when they are no HDF5 file.
  Image(std::string_view bytes, const std::string& name);
  hid_t root() const noexcept { return file_.get(); }
  /// The file's bytes. The image cannot be written afterwards.
  std::string bytes();

 private:
  struct Lent {
    void* data = nullptr;
    std::size_t size = 0;
  };
  static Handle lend(Lent& lent);

  std::unique_ptr<Lent> lent_;  ///< Its address is with HDF5 until the file is closed.
  Handle file_;
};

Handle make_group(hid_t parent, const std::string& name);
Handle open_group(hid_t parent, const std::string& name, const std::string& file);
std::vector<std::string> children(hid_t group);

void write_text(hid_t at, const std::string& name, const std::string& value);
void write_numbers(hid_t at, const std::string& name, const std::vector<double>& values);
std::string read_text(hid_t at, const std::string& name, const std::string& file);
std::vector<double> read_numbers(hid_t at, const std::string& name, const std::string& file);
bool has_attribute(hid_t at, const std::string& name);

/// Writes values of the given shape; `unit` becomes an attribute of the dataset.
template <class T>
void write_data(hid_t group, const std::string& name, const T* values, const std::vector<hsize_t>& shape,
                const std::string& unit);
/// Reads a dataset of any shape. @throws Error(storage) when it is missing, damaged (checksum) or of a
/// size that the file cannot hold.
template <class T>
std::vector<T> read_data(hid_t group, const std::string& name, const std::string& file);
/// The same into memory of the caller. `expected` is the number of values that there is room for.
template <class T>
void read_data_into(hid_t group, const std::string& name, const std::string& file, T* values, std::size_t expected);
/// @throws Error(storage) when a dataset claims more values than the file holds.
void require_stored(hid_t group, const std::string& name, const std::string& file);
/// HDF5's own name of the element type: "f4", "f8", "i1", "u2", ...
std::string element_type(hid_t group, const std::string& name, const std::string& file);
std::vector<hsize_t> shape_of(hid_t group, const std::string& name, const std::string& file);
bool has_data(hid_t group, const std::string& name);

}  // namespace highwall::h5
