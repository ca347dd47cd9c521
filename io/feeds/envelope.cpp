#include "io/feeds/feed.hpp"

namespace highwall {

extern const Feed envelope_feed;
const Feed envelope_feed{"envelope", "The canonical record itself", [](const std::string& envelope) { return envelope; }};

}  // namespace highwall
