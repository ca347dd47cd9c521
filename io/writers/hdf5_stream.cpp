#include "io/writers/hdf5_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "io/archive/h5.hpp"

namespace highwall {
namespace {

using h5::Handle;

hid_t checked(hid_t id, const char* what) {
  if (id < 0) throw Error(ErrorKind::internal, fmt::format("HDF5: {} failed", what));
  return id;
}
void check(herr_t status, const char* what) {
  if (status < 0) throw Error(ErrorKind::internal, fmt::format("HDF5: {} failed", what));
}

/// A file in memory with holes where nothing was written.
class SparseMemory {
 public:
  SparseMemory() : descriptor_(::memfd_create("highwall-hdf5", MFD_CLOEXEC)) {
    if (descriptor_ < 0) fail();
  }
  ~SparseMemory() { ::close(descriptor_); }
  SparseMemory(const SparseMemory&) = delete;
  SparseMemory& operator=(const SparseMemory&) = delete;

  std::string name() const { return fmt::format("/proc/self/fd/{}", descriptor_); }
  std::uint64_t size() const {
    const off_t end = ::lseek(descriptor_, 0, SEEK_END);
    if (end < 0) fail();
    return static_cast<std::uint64_t>(end);
  }
  /// Calls put(at, bytes) for what was written.
  template <class Put>
  void for_parts(const Put& put) const {
    const auto end = static_cast<off_t>(size());
    for (off_t at = ::lseek(descriptor_, 0, SEEK_DATA); at >= 0 && at < end; at = ::lseek(descriptor_, at, SEEK_DATA)) {
      const off_t hole = std::min(end, ::lseek(descriptor_, at, SEEK_HOLE));
      std::string bytes(static_cast<std::size_t>(hole - at), '\0');
      for (std::size_t got = 0; got < bytes.size();) {
        const ssize_t n = ::pread(descriptor_, bytes.data() + got, bytes.size() - got, at + static_cast<off_t>(got));
        if (n <= 0) fail();
        got += static_cast<std::size_t>(n);
      }
      put(static_cast<std::uint64_t>(at), bytes);
      at = hole;
    }
  }

 private:
  [[noreturn]] static void fail() {
    throw Error(ErrorKind::storage, fmt::format("no memory for the layout of an HDF5 file: {}", std::strerror(errno)));
  }
  int descriptor_;
};

void write_attribute(hid_t at, const std::string& name, const std::string& value) {
  const Handle type(checked(H5Tcopy(H5T_C_S1), "H5Tcopy"), H5Tclose);
  check(H5Tset_size(type.get(), H5T_VARIABLE), "H5Tset_size");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
  const Handle space(checked(H5Screate(H5S_SCALAR), "H5Screate"), H5Sclose);
  const Handle attribute(checked(H5Acreate2(at, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), "H5Acreate2"),
                         H5Aclose);
  const char* text = value.c_str();
  check(H5Awrite(attribute.get(), type.get(), &text), "H5Awrite");
}

Handle create_data(hid_t file, const std::string& name, hid_t type, const std::vector<std::uint64_t>& shape) {
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  const Handle space(checked(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), "H5Screate_simple"),
                     H5Sclose);
  const Handle create(checked(H5Pcreate(H5P_DATASET_CREATE), "H5Pcreate"), H5Pclose);
  check(H5Pset_obj_track_times(create.get(), 0), "H5Pset_obj_track_times");
  check(H5Pset_layout(create.get(), H5D_CONTIGUOUS), "H5Pset_layout");
  check(H5Pset_alloc_time(create.get(), H5D_ALLOC_TIME_EARLY), "H5Pset_alloc_time");
  check(H5Pset_fill_time(create.get(), H5D_FILL_TIME_NEVER), "H5Pset_fill_time");
  return Handle(checked(H5Dcreate2(file, name.c_str(), type, space.get(), H5P_DEFAULT, create.get(), H5P_DEFAULT), "H5Dcreate2"),
                H5Dclose);
}

void write_column(hid_t file, const Hdf5Column& column) {
  if (column.texts.empty()) {
    const Handle data = create_data(file, column.name, H5T_IEEE_F32LE, {column.numbers.size()});
    check(H5Dwrite(data.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, column.numbers.data()), "H5Dwrite");
    return;
  }
  const std::size_t length = column.texts.front().size();
  std::string bytes;
  for (const std::string& text : column.texts) bytes += text;
  const Handle type(checked(H5Tcopy(H5T_C_S1), "H5Tcopy"), H5Tclose);
  check(H5Tset_size(type.get(), length), "H5Tset_size");
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "H5Tset_strpad");
  const Handle data = create_data(file, column.name, type.get(), {column.texts.size()});
  check(H5Dwrite(data.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "H5Dwrite");
}

Handle create_file(const std::string& name) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), "H5Pcreate"), H5Pclose);
  // Of HDF5's plain drivers the one that does not ask where the name of a file without a name leads.
  check(H5Pset_fapl_stdio(access.get()), "H5Pset_fapl_stdio");
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V110), "H5Pset_libver_bounds");
  const Handle create(checked(H5Pcreate(H5P_FILE_CREATE), "H5Pcreate"), H5Pclose);
  check(H5Pset_obj_track_times(create.get(), 0), "H5Pset_obj_track_times");
  // More than a few attributes would go to a heap; up to here they stand in the root itself.
  check(H5Pset_attr_phase_change(create.get(), 128, 64), "H5Pset_attr_phase_change");
  return Handle(checked(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, create.get(), access.get()), "H5Fcreate"), H5Fclose);
}

}  // namespace

Hdf5Stream::Hdf5Stream(const std::filesystem::path& path, const Hdf5Attributes& attributes, const std::vector<Hdf5Field>& fields,
                       const std::vector<Hdf5Column>& columns) {
  const SparseMemory memory;
  {
    const Handle file = create_file(memory.name());
    for (const auto& [name, value] : attributes) write_attribute(file.get(), name, value);
    for (const Hdf5Column& column : columns) write_column(file.get(), column);
    for (const Hdf5Field& field : fields) {
      const Handle data = create_data(file.get(), field.name, H5T_IEEE_F32LE, field.shape);
      for (const auto& [name, value] : field.attributes) write_attribute(data.get(), name, value);
      const haddr_t place = H5Dget_offset(data.get());
      if (place == HADDR_UNDEF) throw Error(ErrorKind::internal, "HDF5 gives a dataset no place");
      places_.push_back(place);
      std::uint64_t size = 1;
      for (const std::uint64_t n : field.shape) size *= n;
      sizes_.push_back(size);
    }
    check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), "H5Fflush");
  }
  file_ = std::make_unique<PlacedFile>(path, memory.size());
  memory.for_parts([&](std::uint64_t at, const std::string& bytes) { write_beside_fields(at, bytes); });
}

/// The layout comes in pages, which reach into the fields: their places are left to write().
void Hdf5Stream::write_beside_fields(std::uint64_t at, std::string_view bytes) {
  while (!bytes.empty()) {
    std::uint64_t end = at + bytes.size();
    std::uint64_t inside = 0;
    for (std::size_t f = 0; f < places_.size(); ++f) {
      const std::uint64_t field_end = places_[f] + sizes_[f] * sizeof(float);
      if (at >= places_[f] && at < field_end) inside = std::min(field_end, end) - at;
      if (places_[f] > at) end = std::min(end, places_[f]);
    }
    const std::uint64_t step = inside > 0 ? inside : end - at;
    if (inside == 0) file_->write(at, bytes.substr(0, step));
    at += step;
    bytes.remove_prefix(step);
  }
}

void Hdf5Stream::write(std::size_t field, std::uint64_t first, std::span<const float> values) {
  if (first > sizes_[field] || values.size() > sizes_[field] - first) {
    throw Error(ErrorKind::internal, "values beyond the end of a dataset");
  }
  file_->write(places_[field] + first * sizeof(float), {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

}  // namespace highwall
