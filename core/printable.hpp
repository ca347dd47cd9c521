#pragma once

#include <string>
#include <string_view>

namespace highwall {

/// Any bytes as printable UTF-8, without loss: bytes that are no UTF-8 and control characters become %XX, as does a
/// '%' that two hexadecimal digits follow. Names of files are any bytes; records and messages are UTF-8.
std::string printable(std::string_view bytes);

/// True when the bytes are UTF-8 (ASCII is).
bool is_utf8(std::string_view text);

/// True when nothing of it is seen: blanks, tabs, also the wide blank of Chinese text and those that do not break.
bool is_blank(std::string_view text);

/// True when the text holds a C0, DEL or C1 control.
bool has_control_characters(std::string_view text);

/// Why a name is not fit for a target, as a sentence; empty when it is. It must be UTF-8 of 1 to 200 bytes without
/// control characters and '/', and neither "." nor "..": it goes into messages, topics, tables and file names.
std::string target_name_defect(std::string_view name);

}  // namespace highwall
