// SPDX-License-Identifier: Apache-2.0
// What is in a zip file.
#ifndef COLONNADE_ENGINE_DATA_FORMATS_ZIP_MEMBERS_H_
#define COLONNADE_ENGINE_DATA_FORMATS_ZIP_MEMBERS_H_

#include <string>
#include <string_view>
#include <vector>

namespace colonnade {

// The names in the directory of a zip file that is in memory; none where that is damaged, which
// whoever reads a member will say.
std::vector<std::string> ZipMembers(std::string_view zip);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_FORMATS_ZIP_MEMBERS_H_
