#pragma once

#include <string_view>

namespace highwall {

/// A named place where a test may break the program. HIGHWALL_FAULT=point:kill|EIO|ENOSPC[:nth] makes
/// the nth passage (1 unless said) die with SIGKILL, or return that errno. Without the variable, and in
/// builds without HIGHWALL_FAULT_POINTS, it returns 0.
int fault(std::string_view point);

}  // namespace highwall
