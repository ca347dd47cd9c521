#include "io/readers/ngl.hpp"

namespace highwall {
namespace {

constexpr NglColumns kColumns{{7, 9, 11}, {8, 10, 12}, {14, 15, 16}, {17, 18, 19}, 20, 6};

int sniff(std::string_view head, std::string_view) { return sniff_ngl(head, true); }

Reading read(const Input& input, const ReadOptions& options, const Run& run) { return read_ngl(input, options, run, kColumns); }

}  // namespace

extern const Reader tenv3_reader;
const Reader tenv3_reader{"tenv3", "NGL daily positions, .tenv3", ".tenv3", sniff, read};

}  // namespace highwall
