#include "io/archive/h5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "core/error.hpp"

namespace highwall::h5 {
namespace {

constexpr hsize_t kChunkElements = 65536;
constexpr hsize_t kMostElements = hsize_t{1} << 36U;

[[noreturn]] void fail(const std::string& what, const std::string& where) {
  throw Error(ErrorKind::storage, what, where, "the file is damaged or not one of ours");
}

hid_t check(hid_t id, const char* what, const std::string& where = {}) {
  if (id < 0) fail(fmt::format("HDF5: {} failed", what), where);
  return id;
}
void check_status(herr_t status, const char* what, const std::string& where = {}) {
  if (status < 0) fail(fmt::format("HDF5: {} failed", what), where);
}

/// HDF5 prints its error stack to stderr unless told not to.
void silence() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

Handle core_access() {
  Handle access(check(H5Pcreate(H5P_FILE_ACCESS), "H5Pcreate"), H5Pclose);
  constexpr std::size_t kStep = 1U << 20U;
  check_status(H5Pset_fapl_core(access.get(), kStep, 0), "H5Pset_fapl_core");
  check_status(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), "H5Pset_libver_bounds");
  return access;
}

/// HDF5 takes images of one name for one file: whoever opens the second gets the first.
std::string unique_name() {
  static std::atomic<std::uint64_t> images{0};
  return fmt::format("highwall-image-{}", ++images);
}

Handle open_data(hid_t group, const std::string& name, const std::string& file) {
  return Handle(check(H5Dopen2(group, name.c_str(), H5P_DEFAULT), ("opening " + name).c_str(), file), H5Dclose);
}

Handle text_type(std::size_t length) {
  Handle type(check(H5Tcopy(H5T_C_S1), "H5Tcopy"), H5Tclose);
  check_status(H5Tset_size(type.get(), std::max<std::size_t>(1, length)), "H5Tset_size");
  check_status(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
  check_status(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "H5Tset_strpad");
  return type;
}

hsize_t count_of(const std::vector<hsize_t>& shape) {
  hsize_t n = 1;
  for (const hsize_t d : shape) n *= d;
  return n;
}

constexpr std::size_t kSuperblockBytes = 44;  // Of version 3, without its checksum.

/// Jenkins' lookup3 hash (2006) of 44 bytes: the checksum of an HDF5 superblock (HDF5 file format
/// specification 3.0, II.A).
std::uint32_t superblock_checksum(const std::string& bytes) {
  const auto word = [&](std::size_t i) {
    std::uint32_t w = 0;
    std::memcpy(&w, bytes.data() + 4 * i, 4);
    return w;
  };
  const auto turn = [](std::uint32_t x, int k) { return (x << k) | (x >> (32 - k)); };
  std::uint32_t a = 0xdeadbeefU + static_cast<std::uint32_t>(kSuperblockBytes);
  std::uint32_t b = a;
  std::uint32_t c = a;
  std::size_t i = 0;
  for (; 4 * i + 12 < kSuperblockBytes; i += 3) {
    a += word(i);
    b += word(i + 1);
    c += word(i + 2);
    a -= c;
    a ^= turn(c, 4);
    c += b;
    b -= a;
    b ^= turn(a, 6);
    a += c;
    c -= b;
    c ^= turn(b, 8);
    b += a;
    a -= c;
    a ^= turn(c, 16);
    c += b;
    b -= a;
    b ^= turn(a, 19);
    a += c;
    c -= b;
    c ^= turn(b, 4);
    b += a;
  }
  a += word(i);
  b += word(i + 1);
  c ^= b;
  c -= turn(b, 14);
  a ^= c;
  a -= turn(c, 11);
  b ^= a;
  b -= turn(a, 25);
  c ^= b;
  c -= turn(b, 16);
  a ^= c;
  a -= turn(c, 4);
  b ^= a;
  b -= turn(a, 14);
  c ^= b;
  c -= turn(b, 24);
  return c;
}

}  // namespace

Handle::Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
Handle& Handle::operator=(Handle&& other) noexcept {
  reset();
  id_ = std::exchange(other.id_, -1);
  close_ = other.close_;
  return *this;
}
void Handle::reset() {
  if (id_ >= 0 && close_ != nullptr) close_(id_);
  id_ = -1;
}

template <>
hid_t type_of<std::int8_t>() {
  return H5T_NATIVE_INT8;
}
template <>
hid_t type_of<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t type_of<std::int16_t>() {
  return H5T_NATIVE_INT16;
}
template <>
hid_t type_of<std::uint16_t>() {
  return H5T_NATIVE_UINT16;
}
template <>
hid_t type_of<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t type_of<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
hid_t type_of<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t type_of<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
hid_t type_of<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t type_of<double>() {
  return H5T_NATIVE_DOUBLE;
}

Image::Image() {
  silence();
  const Handle access = core_access();
  const Handle creation(check(H5Pcreate(H5P_FILE_CREATE), "H5Pcreate"), H5Pclose);
  check_status(H5Pset_obj_track_times(creation.get(), false), "H5Pset_obj_track_times");
  file_ = Handle(check(H5Fcreate(unique_name().c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), "H5Fcreate"), H5Fclose);
}

// HDF5 would copy an image into the property list, into the list's copy and into the open file. Through these
// callbacks it gets the caller's memory each time instead; it is opened read-only and never written.
Handle Image::lend(Lent& lent) {
  Handle access = core_access();
  H5FD_file_image_callbacks_t callbacks{};
  callbacks.image_malloc = [](std::size_t size, H5FD_file_image_op_t, void* udata) -> void* {
    const auto* l = static_cast<Lent*>(udata);
    return size == l->size ? l->data : nullptr;
  };
  callbacks.image_memcpy = [](void* to, const void* from, std::size_t, H5FD_file_image_op_t, void*) -> void* {
    return to == from ? to : nullptr;
  };
  callbacks.image_realloc = [](void*, std::size_t, H5FD_file_image_op_t, void*) -> void* { return nullptr; };
  callbacks.image_free = [](void*, H5FD_file_image_op_t, void*) -> herr_t { return 0; };
  callbacks.udata_copy = [](void* udata) -> void* { return udata; };
  callbacks.udata_free = [](void*) -> herr_t { return 0; };
  callbacks.udata = &lent;
  check_status(H5Pset_file_image_callbacks(access.get(), &callbacks), "H5Pset_file_image_callbacks");
  check_status(H5Pset_file_image(access.get(), lent.data, lent.size), "H5Pset_file_image");
  return access;
}

Image::Image(std::string_view bytes, const std::string& name) {
  silence();
  if (bytes.size() < 8 || bytes.substr(1, 3) != "HDF") fail("this is not an HDF5 file", name);
  lent_ = std::make_unique<Lent>(Lent{const_cast<char*>(bytes.data()), bytes.size()});
  const Handle access = lend(*lent_);
  file_ = Handle(check(H5Fopen(unique_name().c_str(), H5F_ACC_RDONLY, access.get()), "opening", name), H5Fclose);
}

std::string Image::bytes() {
  check_status(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), "H5Fflush");
  const ssize_t size = H5Fget_file_image(file_.get(), nullptr, 0);
  if (size <= 0) fail("HDF5: H5Fget_file_image failed", {});
  std::string image(static_cast<std::size_t>(size), '\0');
  if (H5Fget_file_image(file_.get(), image.data(), image.size()) != size) {
    fail("HDF5: H5Fget_file_image failed", {});
  }
  file_.reset();
  // HDF5 1.10 takes the flag "open for writing" out of the image, but leaves the checksum that was
  // made with it: such a file could not be opened again.
  const std::uint32_t sum = superblock_checksum(image);
  std::memcpy(image.data() + kSuperblockBytes, &sum, 4);
  return image;
}

Handle make_group(hid_t parent, const std::string& name) {
  const Handle creation(check(H5Pcreate(H5P_GROUP_CREATE), "H5Pcreate"), H5Pclose);
  check_status(H5Pset_obj_track_times(creation.get(), false), "H5Pset_obj_track_times");
  return Handle(check(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), "H5Gcreate2"), H5Gclose);
}

Handle open_group(hid_t parent, const std::string& name, const std::string& file) {
  return Handle(check(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), ("opening group " + name).c_str(), file), H5Gclose);
}

std::vector<std::string> children(hid_t group) {
  H5G_info_t info;
  check_status(H5Gget_info(group, &info), "H5Gget_info");
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
    if (length < 0) fail("HDF5: H5Lget_name_by_idx failed", {});
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(), H5P_DEFAULT);
    name.pop_back();
    names.push_back(std::move(name));
  }
  return names;
}

void write_text(hid_t at, const std::string& name, const std::string& value) {
  const Handle type = text_type(value.size());
  const Handle space(check(H5Screate(H5S_SCALAR), "H5Screate"), H5Sclose);
  const Handle attribute(check(H5Acreate2(at, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), "H5Acreate2"),
                         H5Aclose);
  const std::string padded = value.empty() ? std::string(1, '\0') : value;
  check_status(H5Awrite(attribute.get(), type.get(), padded.data()), "H5Awrite");
}

void write_numbers(hid_t at, const std::string& name, const std::vector<double>& values) {
  const hsize_t n = values.size();
  const Handle space(check(H5Screate_simple(1, &n, nullptr), "H5Screate_simple"), H5Sclose);
  const Handle attribute(check(H5Acreate2(at, name.c_str(), H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT), "H5Acreate2"),
                         H5Aclose);
  check_status(H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, values.data()), "H5Awrite");
}

bool has_attribute(hid_t at, const std::string& name) { return H5Aexists(at, name.c_str()) > 0; }

std::string read_text(hid_t at, const std::string& name, const std::string& file) {
  const Handle attribute(check(H5Aopen(at, name.c_str(), H5P_DEFAULT), ("attribute " + name).c_str(), file), H5Aclose);
  const Handle type(check(H5Aget_type(attribute.get()), "H5Aget_type", file), H5Tclose);
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) > 0)
    fail("attribute " + name + " is no text", file);
  const std::size_t size = H5Tget_size(type.get());
  if (size > (1U << 24U)) fail("attribute " + name + " is too long", file);
  const Handle space(check(H5Aget_space(attribute.get()), "H5Aget_space", file), H5Sclose);
  if (H5Sget_simple_extent_npoints(space.get()) != 1) fail("attribute " + name + " is no single text", file);
  std::string value(size, '\0');
  check_status(H5Aread(attribute.get(), type.get(), value.data()), "H5Aread", file);
  value.resize(value.find('\0') == std::string::npos ? value.size() : value.find('\0'));
  return value;
}

std::vector<double> read_numbers(hid_t at, const std::string& name, const std::string& file) {
  const Handle attribute(check(H5Aopen(at, name.c_str(), H5P_DEFAULT), ("attribute " + name).c_str(), file), H5Aclose);
  const Handle space(check(H5Aget_space(attribute.get()), "H5Aget_space", file), H5Sclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space.get());
  if (n < 0 || n > 65536) fail("attribute " + name + " has an impossible size", file);
  std::vector<double> values(static_cast<std::size_t>(n));
  check_status(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, values.data()), "H5Aread", file);
  return values;
}

template <class T>
void write_data(hid_t group, const std::string& name, const T* values, const std::vector<hsize_t>& shape,
                const std::string& unit) {
  const Handle space(check(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), "H5Screate_simple"),
                     H5Sclose);
  const Handle creation(check(H5Pcreate(H5P_DATASET_CREATE), "H5Pcreate"), H5Pclose);
  check_status(H5Pset_obj_track_times(creation.get(), false), "H5Pset_obj_track_times");
  if (count_of(shape) > 0) {
    std::vector<hsize_t> chunk(shape);
    const hsize_t row = std::max<hsize_t>(1, count_of(shape) / shape[0]);
    chunk[0] = std::clamp<hsize_t>(kChunkElements / row, 1, shape[0]);
    check_status(H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), "H5Pset_chunk");
    check_status(H5Pset_fletcher32(creation.get()), "H5Pset_fletcher32");
  }
  const Handle data(
      check(H5Dcreate2(group, name.c_str(), type_of<T>(), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), "H5Dcreate2"),
      H5Dclose);
  if (count_of(shape) > 0) {
    check_status(H5Dwrite(data.get(), type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "H5Dwrite");
  }
  write_text(data.get(), "unit", unit);
}

std::vector<hsize_t> shape_of(hid_t group, const std::string& name, const std::string& file) {
  const Handle data = open_data(group, name, file);
  const Handle space(check(H5Dget_space(data.get()), "H5Dget_space", file), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 1 || rank > 4) fail("dataset " + name + " has an impossible rank", file);
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
  return shape;
}

namespace {

/// Number of values of a dataset, held against what is stored. Our data are never compressed: what is stored is
/// what is there.
std::size_t checked_count(const Handle& data, hid_t group, const std::string& name, const std::string& file) {
  hsize_t n = 1;
  for (const hsize_t d : shape_of(group, name, file)) {
    if (d > kMostElements || (d > 0 && n > kMostElements / d)) fail("dataset " + name + " has an impossible size", file);
    n *= d;
  }
  const hsize_t stored = H5Dget_storage_size(data.get());
  const Handle type(check(H5Dget_type(data.get()), "H5Dget_type", file), H5Tclose);
  const std::size_t element = H5Tget_size(type.get());
  if (element == 0 || n > stored / element + 1 || (n > 0 && stored < n * element)) {
    fail("dataset " + name + " claims more values than the file holds", file);
  }
  return static_cast<std::size_t>(n);
}

}  // namespace

template <class T>
std::vector<T> read_data(hid_t group, const std::string& name, const std::string& file) {
  const Handle data = open_data(group, name, file);
  std::vector<T> values(checked_count(data, group, name, file));
  if (!values.empty()) {
    check_status(H5Dread(data.get(), type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), ("reading " + name).c_str(),
                 file);
  }
  return values;
}

template <class T>
void read_data_into(hid_t group, const std::string& name, const std::string& file, T* values, std::size_t expected) {
  const Handle data = open_data(group, name, file);
  if (checked_count(data, group, name, file) != expected) fail("dataset " + name + " has the wrong size", file);
  if (expected == 0) return;
  check_status(H5Dread(data.get(), type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values), ("reading " + name).c_str(), file);
}

void require_stored(hid_t group, const std::string& name, const std::string& file) {
  checked_count(open_data(group, name, file), group, name, file);
}

std::string element_type(hid_t group, const std::string& name, const std::string& file) {
  const Handle data = open_data(group, name, file);
  const Handle type(check(H5Dget_type(data.get()), "H5Dget_type", file), H5Tclose);
  const std::size_t size = H5Tget_size(type.get());
  if (H5Tget_class(type.get()) == H5T_FLOAT) return fmt::format("f{}", size);
  if (H5Tget_class(type.get()) != H5T_INTEGER) fail("dataset " + name + " holds no numbers", file);
  return fmt::format("{}{}", H5Tget_sign(type.get()) == H5T_SGN_NONE ? 'u' : 'i', size);
}

bool has_data(hid_t group, const std::string& name) { return H5Lexists(group, name.c_str(), H5P_DEFAULT) > 0; }

#define HIGHWALL_H5_TYPE(T)                                                                                          \
  template void write_data<T>(hid_t, const std::string&, const T*, const std::vector<hsize_t>&, const std::string&); \
  template std::vector<T> read_data<T>(hid_t, const std::string&, const std::string&);                               \
  template void read_data_into<T>(hid_t, const std::string&, const std::string&, T*, std::size_t);
HIGHWALL_H5_TYPE(std::int8_t)
HIGHWALL_H5_TYPE(std::uint8_t)
HIGHWALL_H5_TYPE(std::int16_t)
HIGHWALL_H5_TYPE(std::uint16_t)
HIGHWALL_H5_TYPE(std::int32_t)
HIGHWALL_H5_TYPE(std::uint32_t)
HIGHWALL_H5_TYPE(std::int64_t)
HIGHWALL_H5_TYPE(std::uint64_t)
HIGHWALL_H5_TYPE(float)
HIGHWALL_H5_TYPE(double)
#undef HIGHWALL_H5_TYPE

}  // namespace highwall::h5
