#ifndef COLONNADE_VERSION_H_
#define COLONNADE_VERSION_H_

namespace colonnade {

// The version of the library, "major.minor.patch".
const char* Version() noexcept;

}  // namespace colonnade

#endif  // COLONNADE_VERSION_H_
