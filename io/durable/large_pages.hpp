#pragma once

#include <cstddef>

namespace highwall {

/// A wish for large pages in memory that is reserved and not yet touched: touching it page by page takes as long as filling
/// it. Nothing depends on it.
void wish_large_pages(void* begin, std::size_t bytes);

}  // namespace highwall
