# highwall_text(TARGET FILE HEADER FUNCTION): compiles a text file in, so that the program needs no data path.
# HEADER declares `std::string_view FUNCTION();`.
function(highwall_text target file header function)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  file(READ ${file} text)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp @ONLY CONTENT [[
#include "@header@"

namespace highwall {

std::string_view @function@() { return R"file(@text@)file"; }

}  // namespace highwall
]])
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
endfunction()
