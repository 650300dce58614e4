#include "colonnade/version.h"

namespace colonnade {

const char* Version() noexcept { return COLONNADE_VERSION; }

}  // namespace colonnade
