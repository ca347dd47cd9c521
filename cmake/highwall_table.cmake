# highwall_table(<target> <Type> <header> <names>...)
# Compiles each <name>.cpp of this folder into the target and generates the table of what they define:
#   extern const Type <name>_<type>;      (e.g. `const Reader las_reader`)
#   std::span<const Type* const> all_<type>s();
# Plain extern references survive static linking, self-registering objects do not.
function(highwall_table target Type header)
  string(TOLOWER ${Type} type)
  set(declarations "")
  set(entries "")
  foreach(name IN LISTS ARGN)
    target_sources(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cpp)
    string(APPEND declarations "extern const ${Type} ${name}_${type};\n")
    string(APPEND entries "    &${name}_${type},\n")
  endforeach()
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${type}_table.cpp)
  file(CONFIGURE OUTPUT ${file} @ONLY CONTENT [[
#include <span>

#include "@header@"

namespace highwall {

@declarations@
namespace {
constexpr const @Type@* kTable[] = {
@entries@};
}  // namespace

std::span<const @Type@* const> all_@type@s() { return kTable; }

}  // namespace highwall
]])
  target_sources(${target} PRIVATE ${file})
endfunction()
