#include "io/readers/ngl.hpp"

namespace highwall {
namespace {

constexpr NglColumns kColumns{{-1, -1, -1}, {6, 7, 8}, {10, 11, 12}, {13, 14, 15}, 16, -1};

int sniff(std::string_view head, std::string_view) { return sniff_ngl(head, false); }

Reading read(const Input& input, const ReadOptions& options, const Run& run) { return read_ngl(input, options, run, kColumns); }

}  // namespace

extern const Reader tenv_reader;
const Reader tenv_reader{"tenv", "NGL daily positions, the older .tenv", ".tenv", sniff, read};

}  // namespace highwall
