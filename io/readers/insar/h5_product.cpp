#include "io/readers/insar/h5_product.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "core/error.hpp"
#include "io/readers/bytes.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {

struct H5Product::Lent {
  std::shared_ptr<const RawFile> file;
  std::string_view bytes;  ///< Where there is no file.
  std::uint64_t size() const { return file ? file->size() : bytes.size(); }
  void read(std::uint64_t offset, std::size_t length, void* to) const {
    if (file) return file->read(offset, length, to);
    std::memcpy(to, Bytes(bytes, "").at(offset, length).data(), length);
  }
  /// While a chunk's place is asked for, reads of raw data are noted and not done.
  bool only_note = false;
  std::uint64_t noted = std::numeric_limits<std::uint64_t>::max();
};

namespace {

constexpr std::size_t kMostElements = std::size_t{1} << 44U;
constexpr std::size_t kLongestText = std::size_t{1} << 20U;
constexpr std::size_t kValuesPerByte = 4096;  // beyond what filters can pack

struct Asked {
  H5Product::Lent* lent;
};

struct Driver {
  H5FD_t base;  // first: HDF5 sees only this
  H5Product::Lent* lent;
  haddr_t end_of_addresses;
};

Driver& of(H5FD_t* file) { return *reinterpret_cast<Driver*>(file); }
const Driver& of(const H5FD_t* file) { return *reinterpret_cast<const Driver*>(file); }

H5FD_t* driver_open(const char*, unsigned flags, hid_t access, haddr_t) {
  if ((flags & H5F_ACC_RDWR) != 0) return nullptr;
  const auto* asked = static_cast<const Asked*>(H5Pget_driver_info(access));
  if (asked == nullptr) return nullptr;
  auto* driver = new (std::nothrow) Driver();
  if (driver == nullptr) return nullptr;
  driver->lent = asked->lent;
  driver->end_of_addresses = 0;
  return &driver->base;
}

herr_t driver_close(H5FD_t* file) {
  delete &of(file);
  return 0;
}

int driver_compare(const H5FD_t* a, const H5FD_t* b) {
  return std::less<>()(of(a).lent, of(b).lent) ? -1 : static_cast<int>(of(a).lent != of(b).lent);
}

herr_t driver_query(const H5FD_t*, unsigned long* flags) {
  if (flags != nullptr) *flags = H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_ACCUMULATE_METADATA_READ;
  return 0;
}

haddr_t driver_get_eoa(const H5FD_t* file, H5FD_mem_t) { return of(file).end_of_addresses; }
herr_t driver_set_eoa(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  of(file).end_of_addresses = address;
  return 0;
}
haddr_t driver_get_eof(const H5FD_t* file, H5FD_mem_t) { return of(file).lent->size(); }

herr_t driver_read(H5FD_t* file, H5FD_mem_t type, hid_t, haddr_t address, std::size_t size, void* buffer) {
  H5Product::Lent& lent = *of(file).lent;
  if (lent.only_note && type == H5FD_MEM_DRAW) {
    lent.noted = address;
    return 0;
  }
  try {
    lent.read(address, size, buffer);
    return 0;
  } catch (const Error&) {
    return -1;
  }
}

herr_t driver_write(H5FD_t*, H5FD_mem_t, hid_t, haddr_t, std::size_t, const void*) { return -1; }

hid_t driver_id() {
  static const hid_t id = [] {
    static H5FD_class_t type{};
    static constexpr H5FD_mem_t kMap[] = H5FD_FLMAP_DICHOTOMY;
    type.name = "highwall-look";
    type.maxaddr = std::numeric_limits<std::int64_t>::max();
    type.fc_degree = H5F_CLOSE_STRONG;
    type.fapl_size = sizeof(Asked);
    type.open = driver_open;
    type.close = driver_close;
    type.cmp = driver_compare;
    type.query = driver_query;
    type.get_eoa = driver_get_eoa;
    type.set_eoa = driver_set_eoa;
    type.get_eof = driver_get_eof;
    type.read = driver_read;
    type.write = driver_write;
    std::copy(std::begin(kMap), std::end(kMap), type.fl_map);
    // HDF5 prints its error stack to stderr unless told not to.
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    return H5FDregister(&type);
  }();
  return id;
}

/// Texts of an attribute or a data set, of fixed or free length. `read` is given a memory type and room.
template <class Read>
std::vector<std::string> read_texts(const h5::Handle& type, std::size_t count, Read read) {
  std::vector<std::string> texts;
  if (H5Tis_variable_str(type.get()) > 0) {
    std::vector<char*> pointers(count, nullptr);
    h5::Handle memory(H5Tcopy(type.get()), H5Tclose);
    if (!read(memory.get(), static_cast<void*>(pointers.data()))) return texts;
    for (char* p : pointers) {
      texts.emplace_back(p == nullptr ? "" : p);
      H5free_memory(p);
    }
    return texts;
  }
  const std::size_t size = H5Tget_size(type.get());
  if (size == 0 || size > kLongestText || count > (kLongestText << 8U) / size) return texts;
  std::string bytes(size * count, '\0');
  h5::Handle memory(H5Tcopy(type.get()), H5Tclose);
  if (!read(memory.get(), static_cast<void*>(bytes.data()))) return texts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view one = std::string_view(bytes).substr(i * size, size);
    texts.emplace_back(trim(one.substr(0, one.find('\0'))));
  }
  return texts;
}

}  // namespace

void H5Product::fail(const std::string& what, const std::string& hint) const {
  throw Error(ErrorKind::input, what, path_.string(), hint);
}

H5Product::H5Product(const std::filesystem::path& path)
    : path_(path), pool_(std::make_shared<FilePool>(1)), lent_(std::make_shared<Lent>()) {
  lent_->file = pool_->get(path_.string(), [this] { return std::make_shared<const RawFile>(path_); });
  open_file();
}

H5Product::H5Product(std::string_view bytes, const std::string& name) : path_(name), lent_(std::make_shared<Lent>()) {
  lent_->bytes = bytes;
  open_file();
}

void H5Product::open_file() {
  const hid_t driver = driver_id();
  const h5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  const Asked asked{lent_.get()};
  if (driver < 0 || H5Pset_driver(access.get(), driver, &asked) < 0) {
    throw Error(ErrorKind::internal, "HDF5 does not take the driver", path_.string());
  }
  file_ = h5::Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (file_.get() < 0) fail("HDF5 cannot open it");
}

bool H5Product::has(const std::string& path) const {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (H5Lexists(root(), path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return H5Lexists(root(), path.c_str(), H5P_DEFAULT) > 0;
}

std::optional<std::string> H5Product::attribute(const std::string& name, const std::string& at) const {
  if (H5Aexists_by_name(root(), at.c_str(), name.c_str(), H5P_DEFAULT) <= 0) return std::nullopt;
  const h5::Handle id(H5Aopen_by_name(root(), at.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const h5::Handle type(H5Aget_type(id.get()), H5Tclose);
  const h5::Handle space(H5Aget_space(id.get()), H5Sclose);
  if (id.get() < 0 || type.get() < 0 || H5Sget_simple_extent_npoints(space.get()) != 1) return std::nullopt;
  if (H5Tget_class(type.get()) == H5T_STRING) {
    const auto texts = read_texts(type, 1, [&](hid_t memory, void* to) { return H5Aread(id.get(), memory, to) >= 0; });
    if (texts.empty()) fail("the attribute " + name + " cannot be read");
    return texts[0];
  }
  if (H5Tget_class(type.get()) != H5T_INTEGER && H5Tget_class(type.get()) != H5T_FLOAT) return std::nullopt;
  double value = 0.0;
  if (H5Aread(id.get(), H5T_NATIVE_DOUBLE, &value) < 0) fail("the attribute " + name + " cannot be read");
  return fmt::format("{}", value);
}

std::optional<double> H5Product::number_attribute(const std::string& name, const std::string& at) const {
  const auto text = attribute(name, at);
  return text ? to_number(trim(*text)) : std::nullopt;
}

H5Product::Data H5Product::open(const std::string& path, std::size_t chunk_cache_bytes) const {
  if (!has(path)) fail("it has no data set " + path);
  const h5::Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  constexpr std::size_t kSlots = 12421;  // a prime well above the chunks of one band of rows
  if (chunk_cache_bytes > 0) H5Pset_chunk_cache(access.get(), kSlots, chunk_cache_bytes, 1.0);
  Data data;
  data.id = h5::Handle(H5Dopen2(root(), path.c_str(), access.get()), H5Dclose);
  if (data.id.get() < 0) fail("the data set " + path + " cannot be opened");
  const h5::Handle creation(H5Dget_create_plist(data.id.get()), H5Pclose);
  if (H5Pget_layout(creation.get()) == H5D_VIRTUAL || H5Pget_external_count(creation.get()) > 0) {
    fail("the data set " + path + " lies in other files", "copy it into one file, for instance by h5repack");
  }
  const h5::Handle type(H5Dget_type(data.id.get()), H5Tclose);
  const h5::Handle space(H5Dget_space(data.id.get()), H5Sclose);
  data.element = H5Tget_size(type.get());
  data.kind = H5Tget_class(type.get());
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0 || rank > 4 || data.element == 0) fail("the data set " + path + " has an impossible shape");
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
  for (const hsize_t d : shape) {
    if (d > kMostElements || (d > 0 && data.count > kMostElements / d)) fail("the data set " + path + " has an impossible shape");
    data.count *= static_cast<std::size_t>(d);
    data.shape.push_back(static_cast<std::size_t>(d));
  }
  const hsize_t stored = H5Dget_storage_size(data.id.get());
  const bool packed = H5Pget_nfilters(creation.get()) > 0;
  const bool known_size = H5Tis_variable_str(type.get()) <= 0;
  const hsize_t most = packed ? stored * kValuesPerByte : stored / data.element;
  if (known_size && data.count > most) {
    fail(fmt::format("the data set {} claims {} values of {} bytes, but {} bytes are stored", path, data.count, data.element,
                     stored));
  }
  return data;
}

std::vector<std::string> H5Product::texts(const std::string& path) const {
  const Data data = open(path);
  const h5::Handle type(H5Dget_type(data.id.get()), H5Tclose);
  constexpr std::size_t kMostTexts = std::size_t{1} << 22U;
  if (data.kind != H5T_STRING || data.count > kMostTexts) fail("the data set " + path + " holds no texts");
  auto texts = read_texts(type, data.count, [&](hid_t memory, void* to) {
    return H5Dread(data.id.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0;
  });
  if (texts.size() != data.count) fail("the data set " + path + " cannot be read");
  return texts;
}

std::vector<double> H5Product::numbers(const std::string& path, std::size_t most) const {
  const Data data = open(path);
  if (data.count > most) fail(fmt::format("the data set {} has {} values", path, data.count));
  // h5py writes True and False as an enumeration of one byte.
  const bool truth = data.kind == H5T_ENUM && data.element == 1;
  if (!truth && data.kind != H5T_INTEGER && data.kind != H5T_FLOAT) fail("the data set " + path + " holds no numbers");
  std::vector<double> values(data.count);
  bool read = false;
  if (truth) {
    const h5::Handle type(H5Dget_type(data.id.get()), H5Tclose);
    std::vector<std::int8_t> bytes(data.count);
    read = H5Dread(data.id.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0;
    std::copy(bytes.begin(), bytes.end(), values.begin());
  } else {
    read = H5Dread(data.id.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0;
  }
  if (!read) fail("the data set " + path + " cannot be read");
  return values;
}

std::uint64_t H5Product::chunk_address(hid_t data, const hsize_t* offset) const {
  // HDF5 1.10 tells a chunk's address only by walking over all chunks before it. It looks the place up at once when the chunk
  // is to be read as it is stored.
  hsize_t bytes = 0;
  if (H5Dget_chunk_storage_size(data, offset, &bytes) < 0 || bytes == 0) return std::numeric_limits<std::uint64_t>::max();
  std::uint32_t filters = 0;
  char nothing = 0;
  lent_->noted = std::numeric_limits<std::uint64_t>::max();
  lent_->only_note = true;
  const herr_t status = H5Dread_chunk(data, H5P_DEFAULT, offset, &filters, &nothing);
  lent_->only_note = false;
  if (status < 0) fail("a chunk has no place");
  return lent_->noted;
}

}  // namespace highwall::insar
